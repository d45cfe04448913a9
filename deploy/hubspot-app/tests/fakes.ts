/** A server and a clock that do what a test tells them. */

import type { Api } from "../src/app/cards/card/api.ts";
import {
  type Campaign,
  type Context,
  readCampaign,
  readContext,
  readRefusal,
  type Sent,
} from "../src/app/cards/card/answers.ts";
import type { Outcome, Refused, Trouble } from "../src/app/cards/card/outcome.ts";
import type { Runtime } from "../src/app/cards/card/runtime.ts";

/** A moment on the day that all tests live on. */
export function at(time: string): string {
  return `2026-11-20T${time}:00Z`;
}

interface MessageOf {
  readonly id: string;
  readonly text?: string;
  readonly from?: "you" | "colleague" | "workflow" | "contact_creation" | "lead" | "other";
  readonly name?: string;
  readonly at?: string;
  readonly clientMessageId?: string;
  readonly parts?: readonly unknown[];
}

/** A message as the server writes it. */
export function message({ id, text = id, from = "lead", name, at: moment = at("10:00"), clientMessageId, parts }: MessageOf) {
  return {
    id,
    direction: from === "lead" ? "inbound" : "outbound",
    at: moment,
    parts: parts ?? [{ type: "text", value: text }],
    sender: { kind: from, name: name ?? null },
    client_message_id: clientMessageId ?? null,
  };
}

/** The answer of `widget/context`, as the server writes it. */
export function contextBody(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    ok: true,
    trace_id: "t-context",
    contact: { id: "904", name: "Grace Hopper", phone: "+14155550100", phone_property: "phone" },
    no_phone: null,
    lead: { id: "lead-1" },
    line: { id: "line-1", phone_number: "+14155550199" },
    next_send_at: null,
    composer: { can_send: true, code: null, message: null, since: null, first_message: false, max_length: 10_000 },
    messages: [],
    has_more: false,
    ...change,
  };
}

/** The same, read. */
export function context(change: Record<string, unknown> = {}): Context {
  return must(readContext(contextBody(change)));
}

/** The answer of `widget/campaign-status`, read. */
export function campaign(body: Record<string, unknown>): Campaign {
  return must(readCampaign({ ok: true, trace_id: "t-campaign", ...body }));
}

/** A refusal, as the server writes it. */
export function refusalBody(code: number, error: string, change: Record<string, unknown> = {}): Record<string, unknown> {
  return { ok: false, error, code, message: `${error}, explained.`, retryable: false, trace_id: `t-${code}`, ...change };
}

/** The same, as the end of a call. */
export function refused(code: number, error: string, change: Record<string, unknown> = {}): Refused {
  return { kind: "refused", refusal: must(readRefusal(refusalBody(code, error, change))) };
}

/** No answer. */
export function trouble(reason: Trouble["reason"]): Trouble {
  return { kind: "trouble", reason, traceId: null };
}

function must<T>(value: T | null): T {
  if (value === null) {
    throw new Error("this test's answer cannot be read");
  }
  return value;
}

interface Waiting<T> {
  readonly resolve: (outcome: Outcome<T>) => void;
}

/** One send that arrived. */
export interface Arrived extends Waiting<Sent> {
  readonly clientMessageId: string;
  readonly text: string;
}

/** A server whose answers come when the test gives them. */
export class ScriptedApi implements Api {
  readonly loads: Waiting<Context>[] = [];
  readonly sends: Arrived[] = [];
  readonly campaigns: Waiting<Campaign>[] = [];

  context(): Promise<Outcome<Context>> {
    return new Promise((resolve) => this.loads.push({ resolve }));
  }

  send(clientMessageId: string, text: string): Promise<Outcome<Sent>> {
    return new Promise((resolve) => this.sends.push({ clientMessageId, text, resolve }));
  }

  campaign(): Promise<Outcome<Campaign>> {
    return new Promise((resolve) => this.campaigns.push({ resolve }));
  }
}

interface Timer {
  readonly due: number;
  readonly run: () => void;
}

/** A clock that moves when the test moves it, and ids in their order. */
export class ManualRuntime implements Runtime {
  #milliseconds = Date.parse(at("12:00"));
  #ids = 0;
  #timers: Timer[] = [];

  readonly now = (): Date => new Date(this.#milliseconds);
  readonly newId = (): string => `client-${(this.#ids += 1)}`;
  readonly after = (milliseconds: number, run: () => void): (() => void) => {
    const timer = { due: this.#milliseconds + milliseconds, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  };

  /** The pauses that are being waited for, in milliseconds. */
  get pauses(): readonly number[] {
    return this.#timers.map((timer) => timer.due - this.#milliseconds);
  }

  /** Let time pass, and run what becomes due. */
  pass(milliseconds: number): void {
    this.#milliseconds += milliseconds;
    const due = this.#timers.filter((timer) => timer.due <= this.#milliseconds);
    this.#timers = this.#timers.filter((timer) => timer.due > this.#milliseconds);
    for (const timer of due) {
      timer.run();
    }
  }
}
