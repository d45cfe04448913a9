import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { type Happening, NOTHING, reduce, type State, thread, unread } from "../src/app/cards/card/conversation.ts";
import { at, context, conversation, message, refused, trouble } from "./fakes.ts";

function after(...happenings: readonly Happening[]): State {
  return happenings.reduce(reduce, NOTHING);
}

function keys(state: State): readonly string[] {
  return thread(state).map((bubble) => bubble.key);
}

const NOON = new Date(at("12:00"));
const began = (load: number): Happening => ({ type: "load began", load });
const loaded = (load: number, messages: readonly unknown[], change: Record<string, unknown> = {}): Happening => ({
  type: "loaded",
  load,
  context: context(conversation(messages, change)),
  at: NOON,
});
const sending = (clientMessageId: string): Happening => ({ type: "send began", clientMessageId, text: "Hi", at: NOON });
const sent = (clientMessageId: string, messageId: string): Happening => ({ type: "sent", clientMessageId, messageId });
const mine = (id: string, clientMessageId?: string) =>
  message({ id, from: "you", at: at("11:00"), ...(clientMessageId === undefined ? {} : { clientMessageId }) });

describe("loads", () => {
  it("that come late do not replace newer ones", () => {
    const state = after(began(1), began(2), loaded(2, [message({ id: "new" })]), loaded(1, [message({ id: "old" })]));

    expect(keys(state)).toEqual(["new"]);
  });

  it("that fail late do not hide newer ones", () => {
    const state = after(
      began(1),
      began(2),
      loaded(2, []),
      { type: "load failed", load: 1, problem: trouble("away") },
    );

    expect(state.problem).toBeNull();
  });

  it("that fail leave what was loaded", () => {
    const state = after(loaded(1, [message({ id: "m-1" })]), { type: "load failed", load: 2, problem: trouble("away") });

    expect(keys(state)).toEqual(["m-1"]);
    expect(state.problem).toEqual(trouble("away"));
  });

  it("of an account that was disconnected take the conversation away", () => {
    const problem = refused(2001, "unknown or inactive tenant");

    expect(after(loaded(1, [message({ id: "m-1" })]), { type: "load failed", load: 2, problem }).context).toBeNull();
  });
});

describe("a bubble on its way", () => {
  it("stands at the end at once", () => {
    expect(keys(after(loaded(1, [message({ id: "m-1" })]), sending("c-1")))).toEqual(["m-1", "c-1"]);
  });

  it("gives way to the server's message by the card's id, before the send is answered", () => {
    expect(keys(after(loaded(1, []), sending("c-1"), loaded(2, [mine("m-1", "c-1")])))).toEqual(["m-1"]);
  });

  it("gives way to the server's message by the server's id", () => {
    const state = after(loaded(1, []), sending("c-1"), sent("c-1", "m-1"), began(2), loaded(2, [mine("m-1")]));

    expect(keys(state)).toEqual(["m-1"]);
  });

  it("stays when an answer that was asked for earlier does not have it", () => {
    const state = after(began(1), sending("c-1"), sent("c-1", "m-1"), loaded(1, []));

    expect(keys(state)).toEqual(["c-1"]);
  });

  it("goes when the server's newest page begins after it", () => {
    const later = message({ id: "m-300", at: at("13:00") });
    const state = after(sending("c-1"), sent("c-1", "m-1"), began(2), loaded(2, [later], { has_more: true }));

    expect(keys(state)).toEqual(["m-300"]);
  });

  it("that failed stays until it is tried again or dismissed", () => {
    const failed = after(sending("c-1"), { type: "send failed", clientMessageId: "c-1", problem: trouble("away") });

    expect(failed.outgoing[0]).toMatchObject({ state: "failed", problem: trouble("away") });
    expect(reduce(failed, sending("c-1")).outgoing).toMatchObject([{ state: "sending", problem: null }]);
    expect(keys(reduce(failed, { type: "discarded", clientMessageId: "c-1" }))).toEqual([]);
  });

  const anonymous = (id: string) => message({ id, text: "Hi", from: "unknown", at: at("11:00") });

  it("gives way to a message that nobody is known to have sent and that reads the same, each to one", () => {
    const two = after(loaded(1, []), sending("c-1"), sending("c-2"));

    expect(keys(reduce(two, loaded(2, [anonymous("m-1")])))).toEqual(["m-1", "c-2"]);
    expect(keys(reduce(two, loaded(2, [anonymous("m-1"), anonymous("m-2")])))).toEqual(["m-1", "m-2"]);
  });

  it("does not give way to a message that was there before it, and is there again when it fails", () => {
    expect(keys(after(loaded(1, [anonymous("m-0")]), sending("c-1")))).toEqual(["m-0", "c-1"]);
    const taken = after(loaded(1, []), sending("c-1"), loaded(2, [anonymous("m-1")]));
    const failed = reduce(taken, { type: "send failed", clientMessageId: "c-1", problem: refused(1005, "link") });
    expect(keys(reduce(failed, loaded(3, [])))).toEqual(["c-1"]);
  });

  it("is never doubled, whatever comes in whatever order", () => {
    const ids = fc.constantFrom("1", "2", "3");
    const happening = fc.oneof(
      ids.map((id) => writing(id)),
      ids.map((id) => sent(`c-${id}`, `m-${id}`)),
      ids.map((id): Happening => ({ type: "send failed", clientMessageId: `c-${id}`, problem: trouble("away") })),
      fc.nat(9).map(began),
      fc.tuple(fc.nat(9), fc.subarray(["1", "2", "3"]), fc.boolean()),
    );

    fc.assert(
      fc.property(fc.array(happening, { maxLength: 30 }), (happenings) => {
        const written = ["1", "2", "3"].map(writing);
        let state = after(loaded(0.5, []), ...written);
        for (const one of happenings) {
          state = reduce(state, Array.isArray(one) ? listing(...one) : onlyAgain(state, one));
        }
        const shown = keys(state).map((key) => key.slice(2));
        expect(shown).toHaveLength(new Set(shown).size);
      }),
      { numRuns: 500 },
    );
  });
});

/** A send begins again only while its bubble waits; anything else stays as it is. */
function onlyAgain(state: State, happening: Happening): Happening {
  const begins = happening.type === "send began";
  const waits = begins && state.outgoing.some((one) => one.clientMessageId === happening.clientMessageId);
  return begins && !waits ? { type: "read" } : happening;
}

function writing(id: string): Happening {
  return { type: "send began", clientMessageId: `c-${id}`, text: `Text ${id}`, at: NOON };
}

/** A load that lists messages of these ids, with the card's id or before the server knows who sent them. */
function listing(load: number, ids: readonly string[], named: boolean): Happening {
  const from = named ? "you" : "unknown";
  return loaded(
    load,
    ids.map((id) => message({ id: `m-${id}`, text: `Text ${id}`, from, ...(named ? { clientMessageId: `c-${id}` } : {}) })),
  );
}

describe("the thread", () => {
  it("keeps the server's order, each message once", () => {
    const first = message({ id: "first", at: null });
    const second = message({ id: "second", at: at("09:00") });

    expect(keys(after(loaded(1, [first, second, first])))).toEqual(["first", "second"]);
  });
});

describe("what is new", () => {
  const question = message({ id: "q", at: at("11:30") });
  const more = message({ id: "more", at: at("11:40") });

  it("is what nobody has answered", () => {
    const state = after(loaded(1, [message({ id: "old", at: at("10:00") }), mine("answer"), question, more]));

    expect(unread(state).map((one) => one.id)).toEqual(["q", "more"]);
  });

  it("is new no longer once it was read, until more comes", () => {
    const read = after(loaded(1, [question]), { type: "read" });

    expect(unread(read)).toEqual([]);
    expect(unread(reduce(read, loaded(2, [question, more]))).map((one) => one.id)).toEqual(["more"]);
  });

  it("is new no longer while an answer is on its way", () => {
    expect(unread(after(loaded(1, [question]), sending("c-1")))).toEqual([]);
  });
});
