import { describe, expect, it } from "vitest";

import { ChertApi } from "../src/app/cards/card/api.ts";
import type { HubSpotFetch } from "../src/app/cards/card/fetching.ts";
import { contextBody, conversation, ManualRuntime, message, refusalBody } from "./fakes.ts";

interface Call {
  readonly url: string;
  readonly options: Parameters<HubSpotFetch>[1];
}

class Proxy {
  readonly calls: Call[] = [];
  readonly runtime = new ManualRuntime();
  readonly api: ChertApi;

  constructor(answer: () => Promise<Response>) {
    const fetch: HubSpotFetch = (url, options) => {
      this.calls.push({ url: String(url), options });
      return answer();
    };
    this.api = new ChertApi({
      baseUrl: "https://app.example.test",
      contactId: "904",
      fetch,
      after: this.runtime.after,
    });
  }
}

function answering(body: unknown, status = 200): Proxy {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return new Proxy(() => Promise.resolve(new Response(text, { status })));
}

function masked(body: unknown, status: string): unknown {
  return {
    status: "error",
    category: "BAD_GATEWAY",
    message: "Error returned from Request Uri",
    responseBody: body,
    context: { appServerStatusCode: [status] },
    errors: [],
  };
}

describe("the calls", () => {
  it("name the contact, wait 15 s, carry no header, and leave who asks to HubSpot", async () => {
    const proxy = answering(contextBody());

    await proxy.api.context();
    await proxy.api.campaign();

    expect(proxy.calls.map((call) => call.url)).toEqual([
      "https://app.example.test/api/hubspot/widget/context?contact_id=904",
      "https://app.example.test/api/hubspot/widget/campaign-status",
    ]);
    expect(proxy.calls[0]?.options).toEqual({ method: "GET", timeout: 15_000 });
  });

  it("send a text under the card's own id", async () => {
    const proxy = answering({ ok: true, message_id: "m-1", duplicate: false });

    const outcome = await proxy.api.send("client-1", "Hi");

    expect(outcome).toMatchObject({ kind: "answer", value: { message_id: "m-1" } });
    expect(proxy.calls[0]?.options).toEqual({
      method: "POST",
      body: { contact_id: "904", client_message_id: "client-1", message: "Hi" },
      timeout: 15_000,
    });
  });
});

describe("an answer", () => {
  it("is read with its moments as moments", async () => {
    const outcome = await answering(contextBody(conversation([message({ id: "m-1" })]))).api.context();

    expect(outcome).toMatchObject({
      value: { conversation: { messages: [{ id: "m-1", at: new Date("2026-11-20T10:00:00Z") }] } },
    });
  });

  it("may lack what is not essential", async () => {
    const bare = {
      ok: true,
      contact: { id: "904" },
      composer: { can_send: true },
      conversation: { available: true, messages: [message({ id: "m-1" }), { id: 7 }, "nonsense"] },
    };

    const outcome = await answering(bare).api.context();

    expect(outcome).toMatchObject({ kind: "answer", value: { contact: { name: null }, status: { phone_line: null } } });
    expect(outcome.kind === "answer" && outcome.value.conversation.messages.map((one) => one.id)).toEqual(["m-1"]);
  });

  it.each([
    ["HTML", "<!doctype html><title>502</title>"],
    ["truncated", JSON.stringify(contextBody()).slice(0, 100)],
    ["empty", ""],
    ["of another form", { hello: "world" }],
    ["a list", [1, 2, 3]],
    ["null", "null"],
    ["over 1 MB", JSON.stringify(contextBody({ padding: "x".repeat(1_100_000) }))],
    ["without a composer", contextBody({ composer: null })],
  ])("that is %s is trouble, never a crash", async (_, body) => {
    expect(await answering(body).api.context()).toMatchObject({ kind: "trouble", reason: "unreadable" });
  });
});

describe("a refusal", () => {
  it("keeps its code, words and trace", async () => {
    const outcome = await answering(refusalBody(2001, "unknown or inactive tenant")).api.context();

    expect(outcome).toMatchObject({ kind: "refused", refusal: { code: 2001, trace_id: "t-2001" } });
  });

  it.each([
    ["as text", JSON.stringify(refusalBody(1004, "invalid body"))],
    ["as JSON", refusalBody(1004, "invalid body")],
  ])("of another status comes masked, %s, and is understood", async (_, body) => {
    const outcome = await answering(masked(body, "400")).api.send("client-1", "Hi");

    expect(outcome).toMatchObject({ kind: "refused", refusal: { code: 1004 } });
  });

  it("that is not masked is understood too", async () => {
    const outcome = await answering(refusalBody(2012, "no credentials"), 401).api.context();

    expect(outcome).toMatchObject({ kind: "refused", refusal: { code: 2012 } });
  });
});

describe("a fault of the server", () => {
  it.each([
    ["masked", answering(masked(refusalBody(3002, "storage is not available"), "503"))],
    ["as it is", answering(refusalBody(3002, "storage is not available"), 503)],
  ])("%s leaves open what happened, and keeps the trace", async (_, proxy) => {
    expect(await proxy.api.send("client-1", "Hi")).toEqual({ kind: "trouble", reason: "failed", traceId: "t-3002" });
  });
});

describe("a broken network", () => {
  it("is trouble", async () => {
    const proxy = new Proxy(() => Promise.reject(new TypeError("network")));

    expect(await proxy.api.context()).toEqual({ kind: "trouble", reason: "away", traceId: null });
  });

  it("that never answers is given up after HubSpot's own deadline and repetition", async () => {
    const proxy = new Proxy(() => new Promise(() => undefined));
    const outcome = proxy.api.context();

    proxy.runtime.pass(32_000);

    expect(await outcome).toEqual({ kind: "trouble", reason: "away", traceId: null });
  });
});
