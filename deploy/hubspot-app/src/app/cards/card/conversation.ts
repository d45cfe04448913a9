/**
 * What the card knows, and how each thing that happens changes it. Everything here is a pure function.
 *
 * Answers come late and out of order: each load has a number, and an older one never replaces a newer. A bubble that was
 * sent from here stands beside the server's messages until they contain it, and never twice.
 */

import type { Context, Message } from "./answers.ts";
import { isDisconnected, type Problem } from "./outcome.ts";

/** A message on its way from this card. */
export interface Outgoing {
  readonly clientMessageId: string;
  readonly text: string;
  readonly at: Date;
  readonly state: "sending" | "sent" | "failed";
  /** The server's id, once it has one. */
  readonly messageId: string | null;
  /** Why it failed. */
  readonly problem: Problem | null;
  /** The number of the last load that had begun when it was sent: only a later one must contain it. */
  readonly sentDuring: number;
  /** The messages that were listed when it was written: none of them is this one. */
  readonly earlier: ReadonlySet<string>;
}

/** Everything the card knows. */
export interface State {
  readonly context: Context | null;
  readonly loadedAt: Date | null;
  /** Why the latest load brought nothing; null after one that did. */
  readonly problem: Problem | null;
  /** Numbers of the latest load that began and that ended. */
  readonly begun: number;
  readonly ended: number;
  readonly outgoing: readonly Outgoing[];
  /** The newest inbound message that the reader has seen. */
  readonly seen: string | null;
}

/** What can happen. */
export type Happening =
  | { readonly type: "load began"; readonly load: number }
  | { readonly type: "loaded"; readonly load: number; readonly context: Context; readonly at: Date }
  | { readonly type: "load failed"; readonly load: number; readonly problem: Problem }
  | { readonly type: "send began"; readonly clientMessageId: string; readonly text: string; readonly at: Date }
  | { readonly type: "sent"; readonly clientMessageId: string; readonly messageId: string }
  | { readonly type: "send failed"; readonly clientMessageId: string; readonly problem: Problem }
  | { readonly type: "discarded"; readonly clientMessageId: string }
  | { readonly type: "read" };

/** Before anything was loaded. */
export const NOTHING: State = {
  context: null,
  loadedAt: null,
  problem: null,
  begun: 0,
  ended: 0,
  outgoing: [],
  seen: null,
};

/** The state after something happened. */
export function reduce(state: State, happening: Happening): State {
  switch (happening.type) {
    case "load began":
      return { ...state, begun: happening.load };
    case "loaded":
      return loaded(state, happening.load, happening.context, happening.at);
    case "load failed":
      return loadFailed(state, happening.load, happening.problem);
    case "send began":
      return { ...state, outgoing: begun(state, happening.clientMessageId, happening.text, happening.at) };
    case "sent":
      return changed(state, happening.clientMessageId, {
        state: "sent",
        messageId: happening.messageId,
        problem: null,
        sentDuring: state.begun,
      });
    case "send failed":
      return changed(state, happening.clientMessageId, { state: "failed", problem: happening.problem });
    case "discarded":
      return { ...state, outgoing: state.outgoing.filter((one) => one.clientMessageId !== happening.clientMessageId) };
    case "read":
      return { ...state, seen: latestInbound(state)?.id ?? state.seen };
  }
}

/** A bubble of the thread: the server's, or one from here that the server does not list yet. */
export type Bubble =
  | { readonly kind: "listed"; readonly key: string; readonly at: Date | null; readonly message: Message }
  | { readonly kind: "outgoing"; readonly key: string; readonly at: Date; readonly outgoing: Outgoing };

/** The whole thread, newest last: what the server lists in its order, then what is on its way. */
export function thread(state: State): readonly Bubble[] {
  const messages = distinct(state.context?.conversation.messages ?? []);
  const listed = messages.map((message): Bubble => ({ kind: "listed", key: message.id, at: message.at, message }));
  const waiting = unlisted(state.outgoing, messages)
    .map((one): Bubble => ({ kind: "outgoing", key: one.clientMessageId, at: one.at, outgoing: one }));
  return [...listed, ...waiting];
}

/** The inbound messages at the thread's end that nobody has answered and the reader has not seen. */
export function unread(state: State): readonly Message[] {
  const messages = thread(state);
  const answeredAt = messages.findLastIndex((one) => one.kind === "outgoing" || one.message.direction === "outbound");
  const seenAt = messages.findLastIndex((one) => one.key === state.seen);
  return messages
    .slice(Math.max(answeredAt, seenAt) + 1)
    .flatMap((one) => (one.kind === "listed" ? [one.message] : []));
}

function loaded(state: State, load: number, context: Context, at: Date): State {
  if (load <= state.ended) {
    return state;
  }
  const outgoing = state.outgoing.filter((one) => !isListed(one, context.conversation.messages) && !isPast(one, load, context));
  return { ...state, context, loadedAt: at, problem: null, ended: load, outgoing };
}

function loadFailed(state: State, load: number, problem: Problem): State {
  if (load <= state.ended) {
    return state;
  }
  return { ...state, problem, ended: load, context: isDisconnected(problem) ? null : state.context };
}

function begun(state: State, clientMessageId: string, text: string, at: Date): readonly Outgoing[] {
  const again = state.outgoing.find((one) => one.clientMessageId === clientMessageId);
  if (again !== undefined) {
    return state.outgoing.map((one) => (one === again ? { ...one, state: "sending", problem: null } : one));
  }
  const fresh: Outgoing = {
    clientMessageId,
    text,
    at,
    state: "sending",
    messageId: null,
    problem: null,
    sentDuring: state.begun,
    earlier: new Set(state.context?.conversation.messages.map((message) => message.id)),
  };
  return [...state.outgoing, fresh];
}

function changed(state: State, clientMessageId: string, change: Partial<Outgoing>): State {
  const outgoing = state.outgoing
    .map((one) => (one.clientMessageId === clientMessageId ? { ...one, ...change } : one))
    .filter((one) => !isListed(one, state.context?.conversation.messages ?? []));
  return { ...state, outgoing };
}

function isListed(outgoing: Outgoing, messages: readonly Message[]): boolean {
  return messages.some(
    (message) => message.id === outgoing.messageId || message.client_message_id === outgoing.clientMessageId,
  );
}

/**
 * Those that the server does not list yet. It lists a message a moment before it knows who sent it: what nobody is known
 * to have sent, and what reads as one that is on its way, is taken for that one, each for one. It is only left out of the
 * picture: if its send fails after all, it is there again.
 */
function unlisted(outgoing: readonly Outgoing[], messages: readonly Message[]): readonly Outgoing[] {
  const anonymous = messages.filter((one) => one.direction === "outbound" && one.sender.kind === "unknown");
  return outgoing
    .filter((one) => !isListed(one, messages))
    .filter((one) => {
      const match = anonymous.findIndex((message) => one.messageId === null && readsAs(message, one));
      return match < 0 || anonymous.splice(match, 1).length === 0;
    });
}

/** Whether a message can be one that is on its way; what tags become is the server's business. */
function readsAs(message: Message, outgoing: Outgoing): boolean {
  const reads = outgoing.text.includes("{{") || spaced(message.text) === spaced(outgoing.text);
  return reads && !outgoing.earlier.has(message.id);
}

function spaced(text: string): string {
  return text.trim().replace(/\s+/gu, " ");
}

/** Whether it was sent so long ago that the server's newest page begins after it. */
function isPast(outgoing: Outgoing, load: number, context: Context): boolean {
  const oldest = context.conversation.messages[0]?.at ?? null;
  return (
    outgoing.state === "sent" &&
    load > outgoing.sentDuring &&
    context.conversation.has_more &&
    oldest !== null &&
    oldest > outgoing.at
  );
}

/** Each message once: an answer may repeat one. */
function distinct(messages: readonly Message[]): readonly Message[] {
  return [...new Map(messages.map((message) => [message.id, message])).values()];
}

function latestInbound(state: State): Message | undefined {
  return thread(state)
    .flatMap((one) => (one.kind === "listed" && one.message.direction === "inbound" ? [one.message] : []))
    .at(-1);
}
