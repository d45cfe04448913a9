/**
 * The three routes of the card, through `hubspot.fetch` (hubspot-contract.md, section 7.2).
 *
 * HubSpot adds who asks to the query and signs it, masks our error statuses, waits 15 s, takes 1 MB, and repeats a call
 * once by itself: a send therefore carries an id of its own, under which the server sends once.
 */

import type { HubSpotFetch } from "./fetching.ts";
import { type Campaign, type Context, readCampaign, readContext, readRefusal, readSent, type Reader, type Sent } from "./answers.ts";
import { jsonOf, unmasked } from "./masking.ts";
import type { Outcome } from "./outcome.ts";
import type { Runtime } from "./runtime.ts";

const TIMEOUT_MILLISECONDS = 15_000;

/** HubSpot's own deadline may not hold: after this nothing is awaited any more. Its one repetition is allowed for. */
const DEADLINE_MILLISECONDS = 2 * TIMEOUT_MILLISECONDS + 2_000;

/** What the card asks of its server. */
export interface Api {
  /** Contact, conversation and what can be sent. */
  context(): Promise<Outcome<Context>>;
  /** Send a text once, however often this is called with the same id. */
  send(clientMessageId: string, text: string): Promise<Outcome<Sent>>;
  /** The project's campaign today. */
  campaign(): Promise<Outcome<Campaign>>;
}

/** Where the server is, which contact the card stands beside, and how to call. */
export interface Target {
  readonly baseUrl: string;
  readonly contactId: string;
  readonly fetch: HubSpotFetch;
  readonly after: Runtime["after"];
}

/** The real server. */
export class ChertApi implements Api {
  readonly #target: Target;

  constructor(target: Target) {
    this.#target = target;
  }

  context(): Promise<Outcome<Context>> {
    const query = `contact_id=${encodeURIComponent(this.#target.contactId)}`;
    return this.#call(`${this.#url("context")}?${query}`, { method: "GET" }, readContext);
  }

  campaign(): Promise<Outcome<Campaign>> {
    return this.#call(this.#url("campaign-status"), { method: "GET" }, readCampaign);
  }

  send(clientMessageId: string, text: string): Promise<Outcome<Sent>> {
    const body = { contact_id: this.#target.contactId, client_message_id: clientMessageId, message: text };
    return this.#call(this.#url("send"), { method: "POST", body }, readSent);
  }

  #url(route: string): string {
    return `${this.#target.baseUrl}/api/hubspot/widget/${route}`;
  }

  async #call<T>(url: string, options: Parameters<HubSpotFetch>[1], read: Reader<T>): Promise<Outcome<T>> {
    try {
      const fetched = this.#target.fetch(url, { ...options, timeout: TIMEOUT_MILLISECONDS });
      const { text, status } = await inTime(fetched.then(bodyOf), this.#target.after);
      return interpreted(unmasked(jsonOf(text), status), read);
    } catch {
      return { kind: "trouble", reason: "away", traceId: null };
    }
  }
}

async function bodyOf(response: Response): Promise<{ readonly text: string; readonly status: number }> {
  return { text: await response.text(), status: response.status };
}

function inTime<T>(work: Promise<T>, after: Runtime["after"]): Promise<T> {
  return new Promise((resolve, reject) => {
    const callOff = after(DEADLINE_MILLISECONDS, () => {
      reject(new Error("no answer in time"));
    });
    work.then(resolve, reject).finally(callOff);
  });
}

function interpreted<T>(answer: ReturnType<typeof unmasked>, read: Reader<T>): Outcome<T> {
  const refusal = readRefusal(answer.value);
  if (answer.status >= 500) {
    return { kind: "trouble", reason: "failed", traceId: refusal?.trace_id ?? null };
  }
  if (refusal !== null) {
    return { kind: "refused", refusal };
  }
  const value = answer.status < 300 ? read(answer.value) : null;
  return value === null ? { kind: "trouble", reason: "unreadable", traceId: null } : { kind: "answer", value };
}
