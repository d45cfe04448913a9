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
  readonly from?: "contact" | "you" | "colleague" | "workflow" | "contact_creation" | "unknown";
  readonly workflowId?: number;
  readonly at?: string | null;
  readonly clientMessageId?: string;
  readonly attachments?: readonly unknown[];
}

/** A message as the server writes it. */
export function message({ id, text = id, from = "contact", at: moment = at("10:00"), ...more }: MessageOf) {
  return {
    id,
    direction: from === "contact" ? "inbound" : "outbound",
    text,
    at: moment,
    status: "sent",
    delivered_at: null,
    read_at: null,
    attachments: more.attachments ?? [],
    sender: { kind: from, user_id: null, workflow_id: more.workflowId ?? null },
    client_message_id: more.clientMessageId ?? null,
  };
}

/** The conversation in an answer of `widget/context`. */
export function conversation(messages: readonly unknown[], change: Record<string, unknown> = {}) {
  return { conversation: { available: true, chat_id: "chat-1", has_more: false, messages, ...change } };
}

/** What can be written, in an answer of `widget/context`. */
export function composer(change: Record<string, unknown>) {
  const open = {
    can_send: true,
    error: null,
    code: null,
    message: null,
    opted_out_since: null,
    first_message: false,
    max_characters: 10_000,
  };
  return { composer: { ...open, ...change } };
}

/** The answer of `widget/context`, as the server writes it. */
export function contextBody(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    ok: true,
    trace_id: "t-context",
    contact: { id: "904", name: "Grace Hopper", phone: "+14155550100", phone_property: "phone" },
    ...composer({}),
    ...conversation([]),
    status: {
      lead_id: "lead-1",
      phone_line: { id: "line-1", phone_number: "+14155550199", is_active: true },
      next_send_at: null,
      next_send_known: true,
    },
    settings: {
      phone_line_id: null,
      default_region: "US",
      auto_create_leads: true,
      auto_send_on_create: false,
      log_sent_messages: false,
    },
    ...change,
  };
}

/** The same, read. */
export function context(change: Record<string, unknown> = {}): Context {
  return must(readContext(contextBody(change)));
}

/** The answer of `widget/campaign-status`, read. */
export function campaign(body: Record<string, unknown>): Campaign {
  return must(readCampaign({ ok: true, trace_id: "t-campaign", recent: [], ...body }));
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
