/** Moments in the reader's language and the account's time zone. */

import type { Place } from "./runtime.ts";

/** Writes moments for one place. */
export interface Times {
  /** The time of day. */
  readonly time: (at: Date) => string;
  /** The day, with its year. */
  readonly day: (at: Date) => string;
  /** Day and time. */
  readonly moment: (at: Date) => string;
}

/** How moments are written at a place; a language or zone that is not known counts as English, as UTC. */
export function timesAt(place: Place): Times {
  const timeZone = known((zone) => new Intl.DateTimeFormat("en", { timeZone: zone }), place.timeZone) ?? "UTC";
  const locale = known((name) => new Intl.DateTimeFormat(name), place.locale?.replace("_", "-")) ?? "en";
  const time = new Intl.DateTimeFormat(locale, { timeZone, hour: "numeric", minute: "2-digit" });
  const day = new Intl.DateTimeFormat(locale, { timeZone, weekday: "short", day: "numeric", month: "short", year: "numeric" });
  return {
    time: (at) => time.format(at),
    day: (at) => day.format(at),
    moment: (at) => `${day.format(at)}, ${time.format(at)}`,
  };
}

/** What a clock shows in a time zone, as 09:05; null where the zone is not known. */
export function clockIn(timeZone: string, at: Date): string | null {
  const zone = known((name) => new Intl.DateTimeFormat("en", { timeZone: name }), timeZone);
  const shown = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  return zone === undefined ? null : new Intl.DateTimeFormat("en-GB", { ...shown, timeZone: zone }).format(at);
}

function known(tried: (value: string) => unknown, value: string | undefined): string | undefined {
  if (value === undefined || value === "") {
    return undefined;
  }
  try {
    tried(value);
    return value;
  } catch {
    return undefined;
  }
}
