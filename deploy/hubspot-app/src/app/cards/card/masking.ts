/** What HubSpot's proxy makes of an answer, undone (hubspot-contract.md, section 7.2, status masking). */

import * as v from "valibot";

/** HubSpot lets no more through; whatever is longer was not cut by us. */
const LONGEST_ANSWER = 1_048_576;

const OK = 200;

const masked = v.object({
  status: v.literal("error"),
  responseBody: v.optional(v.unknown()),
  context: v.object({ appServerStatusCode: v.tuple([v.pipe(v.union([v.string(), v.number()]), v.transform(Number))]) }),
});

/** The JSON of a text; undefined when it is none, or too long. */
export function jsonOf(text: string): unknown {
  if (text.length > LONGEST_ANSWER) {
    return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The status and body as the server gave them: from inside a masked answer, or as they came. */
export function unmasked(value: unknown, status: number): { readonly status: number; readonly value: unknown } {
  const read = v.safeParse(masked, value);
  if (!read.success) {
    return { status: Number.isFinite(status) ? status : OK, value };
  }
  const body = read.output.responseBody;
  return {
    status: read.output.context.appServerStatusCode[0],
    value: typeof body === "string" ? jsonOf(body) : body,
  };
}
