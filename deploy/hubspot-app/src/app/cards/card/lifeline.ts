/**
 * Everything that takes time: loading, looking again, sending one text after another.
 *
 * It tells what happens and keeps no picture of its own; the reducer decides what that means.
 */

import type { Api } from "./api.ts";
import type { Context, Sent } from "./answers.ts";
import type { Happening } from "./conversation.ts";
import type { Outcome } from "./outcome.ts";
import { LIVELY_MILLISECONDS, nextPause } from "./polling.ts";
import type { Runtime } from "./runtime.ts";

/** Pauses before a send without an answer is repeated; afterwards the reader is asked. */
export const REPEAT_MILLISECONDS: readonly number[] = [2_000, 8_000];

/** A text that was not sent, and whether that is certain: a final refusal is given again under the same id. */
interface Unsent {
  readonly text: string;
  readonly refused: boolean;
}

/** One card's connection to its server, from when it is shown until it is gone. */
export class Lifeline {
  readonly #api: Api;
  readonly #runtime: Runtime;
  readonly #tell: (happening: Happening) => void;
  readonly #unsent = new Map<string, Unsent>();
  #loads = 0;
  #pause = LIVELY_MILLISECONDS;
  #newest: string | null | undefined = undefined;
  #callOff: () => void = () => undefined;
  #alive = false;
  #line: Promise<void> = Promise.resolve();

  constructor(api: Api, runtime: Runtime, tell: (happening: Happening) => void) {
    this.#api = api;
    this.#runtime = runtime;
    this.#tell = (happening) => {
      if (this.#alive) {
        tell(happening);
      }
    };
  }

  /** What a reader can do; the same functions for the card's whole life. */
  readonly actions = {
    send: (text: string) => {
      this.#queue(this.#runtime.newId(), text);
    },
    retry: (clientMessageId: string) => {
      const unsent = this.#unsent.get(clientMessageId);
      if (unsent?.refused === true) {
        this.#discard(clientMessageId);
        this.#queue(this.#runtime.newId(), unsent.text);
      } else if (unsent !== undefined) {
        this.#queue(clientMessageId, unsent.text);
      }
    },
    discard: (clientMessageId: string) => {
      this.#discard(clientMessageId);
    },
    reload: () => {
      this.look();
    },
    markRead: () => {
      this.#tell({ type: "read" });
    },
  };

  /** Load, and go on looking for news. */
  start(): void {
    this.#alive = true;
    this.look();
  }

  /** Nothing more is asked or told. */
  stop(): void {
    this.#alive = false;
    this.#callOff();
  }

  /** Load now instead of at the next turn. */
  look(): void {
    if (!this.#alive) {
      return;
    }
    this.#callOff();
    void this.#load();
  }

  #discard(clientMessageId: string): void {
    this.#unsent.delete(clientMessageId);
    this.#tell({ type: "discarded", clientMessageId });
  }

  async #load(): Promise<void> {
    const load = ++this.#loads;
    this.#tell({ type: "load began", load });
    const outcome = await this.#api.context();
    if (outcome.kind === "answer") {
      this.#tell({ type: "loaded", load, context: outcome.value, at: this.#runtime.now() });
    } else {
      this.#tell({ type: "load failed", load, problem: outcome });
    }
    this.#lookAgain(load, outcome);
  }

  #lookAgain(load: number, outcome: Outcome<Context>): void {
    if (!this.#alive || load !== this.#loads) {
      return;
    }
    this.#pause = nextPause(this.#pause, outcome.kind === "answer" ? this.#newsIn(outcome.value) : outcome);
    this.#callOff = this.#runtime.after(this.#pause, () => {
      this.look();
    });
  }

  #newsIn(context: Context): "news" | "nothing new" {
    const newest = context.conversation.messages.at(-1)?.id ?? null;
    const news = newest === this.#newest ? "nothing new" : "news";
    this.#newest = newest;
    return news;
  }

  /** One after another, so that texts arrive in the order they were written. */
  #queue(clientMessageId: string, text: string): void {
    this.#unsent.delete(clientMessageId);
    this.#tell({ type: "send began", clientMessageId, text, at: this.#runtime.now() });
    this.#line = this.#line.then(() => this.#send(clientMessageId, text));
  }

  async #send(clientMessageId: string, text: string): Promise<void> {
    const outcome = await this.#insist(clientMessageId, text);
    if (outcome.kind === "answer") {
      this.#tell({ type: "sent", clientMessageId, messageId: outcome.value.message_id });
      this.#pause = LIVELY_MILLISECONDS;
    } else {
      const refused = outcome.kind === "refused" && !outcome.refusal.retryable;
      this.#unsent.set(clientMessageId, { text, refused });
      this.#tell({ type: "send failed", clientMessageId, problem: outcome });
    }
    this.look();
  }

  /** Repeats what had no answer, under the same id; the server sends it once. */
  async #insist(clientMessageId: string, text: string): Promise<Outcome<Sent>> {
    let outcome = await this.#api.send(clientMessageId, text);
    for (const pause of REPEAT_MILLISECONDS) {
      if (outcome.kind !== "trouble" || !this.#alive) {
        break;
      }
      await new Promise<void>((resolve) => this.#runtime.after(pause, resolve));
      outcome = await this.#api.send(clientMessageId, text);
    }
    return outcome;
  }
}
