/**
 * What the server answers, read with care: a missing detail is left out, an answer of another form is none.
 *
 * Identity, numbers and permissions are the server's word; nothing here decides what may be sent.
 */

import * as v from "valibot";

const text = v.string();
const flag = v.optional(v.boolean(), false);
const maybeText = v.fallback(v.nullable(v.string()), null);
const maybeNumber = v.fallback(v.nullable(v.number()), null);
const moment = v.pipe(
  v.string(),
  v.transform((value) => new Date(value)),
  v.check((value) => !Number.isNaN(value.getTime())),
);
const maybeMoment = v.fallback(v.nullable(moment), null);

/** The items of a list that can be read; one odd item does not hide the others. */
function readable<T extends v.GenericSchema>(item: T) {
  return v.fallback(
    v.pipe(
      v.array(v.unknown()),
      v.transform((items) => items.flatMap((one): v.InferOutput<T>[] => {
        const read = v.safeParse(item, one);
        return read.success ? [read.output] : [];
      })),
    ),
    [],
  );
}

const part = v.variant("type", [
  v.object({ type: v.literal("text"), value: text }),
  v.object({
    type: v.literal("media"),
    url: maybeText,
    content_type: maybeText,
    size_bytes: maybeNumber,
  }),
]);

const sender = v.object({
  kind: v.fallback(v.picklist(["you", "colleague", "workflow", "contact_creation", "lead", "other"]), "other"),
  name: maybeText,
});

const message = v.object({
  id: text,
  direction: v.picklist(["inbound", "outbound"]),
  at: moment,
  parts: readable(part),
  sender: v.fallback(sender, { kind: "other", name: null }),
  client_message_id: maybeText,
});

const composer = v.object({
  can_send: v.boolean(),
  code: maybeNumber,
  message: maybeText,
  since: maybeMoment,
  first_message: flag,
  max_length: v.fallback(v.pipe(v.number(), v.integer(), v.minValue(1)), 10_000),
});

const record = v.object({
  ok: v.literal(true),
  contact: v.object({ id: text, name: maybeText, phone: maybeText, phone_property: maybeText }),
  no_phone: v.fallback(v.nullable(v.object({ looked_at: v.array(text), message: text })), null),
  lead: v.fallback(v.nullable(v.object({ id: text })), null),
  line: v.fallback(v.nullable(v.object({ id: text, phone_number: maybeText })), null),
  next_send_at: maybeMoment,
  composer,
  messages: readable(message),
  has_more: flag,
});

const sent = v.object({ ok: v.literal(true), message_id: text });

const campaign = v.variant("available", [
  v.object({ ok: v.literal(true), available: v.literal(false) }),
  v.object({
    ok: v.literal(true),
    available: v.literal(true),
    sent_today: maybeNumber,
    daily_cap: maybeNumber,
    window: v.fallback(
      v.nullable(v.object({ opens: text, closes: text, timezone: text, open_now: v.boolean() })),
      null,
    ),
    recent: readable(v.object({ at: moment, words: text })),
  }),
]);

const refusal = v.object({
  ok: v.literal(false),
  error: text,
  code: v.number(),
  message: v.fallback(v.string(), ""),
  retryable: flag,
  retry_after: maybeNumber,
  trace_id: maybeText,
});

/** One part of a message. */
export type Part = v.InferOutput<typeof part>;
/** One message of the conversation. */
export type Message = v.InferOutput<typeof message>;
/** Whether a message can be sent, and why not. */
export type ComposerState = v.InferOutput<typeof composer>;
/** Everything about the contact and its conversation. */
export type Context = v.InferOutput<typeof record>;
/** What became of a send. */
export type Sent = v.InferOutput<typeof sent>;
/** The project's campaign today, or that Chert does not tell. */
export type Campaign = v.InferOutput<typeof campaign>;
/** A refusal in words, with its code and trace. */
export type Refusal = v.InferOutput<typeof refusal>;

/** Reads one kind of answer; null when it is of another form. */
export type Reader<T> = (value: unknown) => T | null;

function reader<T extends v.GenericSchema>(schema: T): Reader<v.InferOutput<T>> {
  return (value) => {
    const read = v.safeParse(schema, value);
    return read.success ? read.output : null;
  };
}

/** Reads the answer of `widget/context`. */
export const readContext = reader(record);
/** Reads the answer of `widget/send`. */
export const readSent = reader(sent);
/** Reads the answer of `widget/campaign-status`. */
export const readCampaign = reader(campaign);
/** Reads the failure body that every route shares (chert-contract.md, section 13.2). */
export const readRefusal = reader(refusal);
