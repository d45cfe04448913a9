/**
 * What the server answers, read with care: a missing detail is left out, an answer of another form is none.
 *
 * Identity, numbers and permissions are the server's word; nothing here decides what may be sent.
 */

import * as v from "valibot";

const text = v.string();
const flag = v.fallback(v.boolean(), false);
const maybeFlag = v.fallback(v.nullable(v.boolean()), null);
const maybeText = v.fallback(v.nullable(v.string()), null);
const maybeNumber = v.fallback(v.nullable(v.number()), null);
const moment = v.pipe(
  v.string(),
  v.transform((value) => new Date(value)),
  v.check((value) => !Number.isNaN(value.getTime())),
);
const clockTime = v.pipe(v.string(), v.regex(/^\d\d:\d\d/));
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

const attachment = v.object({ type: v.fallback(v.string(), "media"), url: maybeText });

const sender = v.object({
  kind: v.fallback(v.picklist(["contact", "you", "colleague", "workflow", "contact_creation", "unknown"]), "unknown"),
  workflow_id: maybeNumber,
});

const message = v.object({
  id: text,
  direction: v.picklist(["inbound", "outbound"]),
  text: v.fallback(v.string(), ""),
  at: maybeMoment,
  attachments: readable(attachment),
  sender: v.fallback(sender, { kind: "unknown", workflow_id: null }),
  client_message_id: maybeText,
});

const composer = v.object({
  can_send: v.boolean(),
  code: maybeNumber,
  message: maybeText,
  opted_out_since: maybeMoment,
  first_message: maybeFlag,
  max_characters: v.fallback(v.pipe(v.number(), v.integer(), v.minValue(1)), 10_000),
});

const conversation = v.object({ available: flag, has_more: flag, messages: readable(message) });

const status = v.object({
  lead_id: maybeText,
  phone_line: v.fallback(v.nullable(v.object({ id: text, phone_number: text, is_active: v.boolean() })), null),
  next_send_at: maybeMoment,
  next_send_known: flag,
});

const NO_STATUS = { lead_id: null, phone_line: null, next_send_at: null, next_send_known: false };

const settings = v.object({ phone_line_id: maybeText, auto_create_leads: maybeFlag, auto_send_on_create: maybeFlag });

const record = v.object({
  ok: v.literal(true),
  contact: v.object({ id: text, name: maybeText, phone: maybeText, phone_property: maybeText }),
  composer,
  conversation,
  status: v.fallback(status, NO_STATUS),
  settings: v.fallback(v.nullable(settings), null),
});

const sent = v.object({ ok: v.literal(true), message_id: text });

const recentSend = v.object({
  at: moment,
  source: text,
  contact_id: text,
  status: v.picklist(["sent", "refused", "waiting"]),
  error: v.fallback(v.string(), ""),
});

const campaign = v.object({
  ok: v.literal(true),
  available: v.boolean(),
  template_set: maybeFlag,
  sent_today: maybeNumber,
  daily_cap: maybeNumber,
  window: v.fallback(v.nullable(v.object({ start: clockTime, end: clockTime })), null),
  timezone: maybeText,
  auto_dial: maybeFlag,
  recent: readable(recentSend),
});

const refusal = v.object({
  ok: v.literal(false),
  error: text,
  code: v.number(),
  message: v.fallback(v.string(), ""),
  retryable: flag,
  retry_after: maybeNumber,
  trace_id: maybeText,
});

/** One message of the conversation; the newest stands last. */
export type Message = v.InferOutput<typeof message>;
/** Whether a message can be sent, and why not. */
export type ComposerState = v.InferOutput<typeof composer>;
/** Everything about the contact and its conversation. */
export type Context = v.InferOutput<typeof record>;
/** What became of a send. */
export type Sent = v.InferOutput<typeof sent>;
/** The account's latest sends, and the project's campaign today where Chert tells. */
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
