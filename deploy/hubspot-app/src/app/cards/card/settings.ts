/** What HubSpot's context says beyond the record; nothing in it is sure to be there. */

import type { Place } from "./runtime.ts";

/** Where the services are when the upload used no profile. */
const PRODUCTION = "https://console.trychert.com";

/** The parts of HubSpot's context that tell how to write times. */
interface Reader {
  readonly user?: { readonly locale?: string; readonly language?: string } | null;
  readonly portal?: { readonly timezone?: string } | null;
}

/** The address of our services, without a slash at its end: a variable of the upload's profile. */
export function publicBaseUrl(variables: Readonly<Record<string, unknown>> | undefined): string {
  const value = variables?.PUBLIC_BASE_URL;
  return typeof value === "string" && value.startsWith("https://") ? value.replace(/\/+$/, "") : PRODUCTION;
}

/** The reader's language and the account's time zone. */
export function placeOf(context: Reader): Place {
  return { locale: context.user?.locale ?? context.user?.language, timeZone: context.portal?.timezone };
}
