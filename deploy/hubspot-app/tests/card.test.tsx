import { Alert, EmptyState, ErrorState, Link, LoadingSpinner, StatusTag } from "@hubspot/ui-extensions";
import { describe, expect, it } from "vitest";

import { at, campaign, composer, context, conversation, message, refused, trouble } from "./fakes.ts";
import { Page } from "./page.tsx";

const SENT = (messageId: string) => ({ kind: "answer", value: { ok: true, message_id: messageId } }) as const;
const ANSWER = (change: Record<string, unknown> = {}) => ({ kind: "answer", value: context(change) }) as const;

function numbered(count: number) {
  return Array.from({ length: count }, (_, index) =>
    message({ id: `m-${index}`, at: new Date(Date.parse(at("00:00")) + index * 60_000).toISOString() }),
  );
}

function blocked(code: number, words: string, since: string | null = null) {
  return composer({ can_send: false, error: "refused", code, message: words, opted_out_since: since, first_message: null });
}

describe("before anything was loaded", () => {
  it("one request is on its way and the card says so", async () => {
    const page = await Page.opened();

    expect(page.api.loads).toHaveLength(1);
    expect(page.renderer.find(LoadingSpinner).props.label).toBe("Loading the conversation");
  });

  it.each([
    ["away", "No connection"],
    ["failed", "Chert has a problem"],
    ["unreadable", "Unexpected answer"],
  ] as const)("a first load that ends %s says so and can be tried again", async (reason, title) => {
    const page = await Page.opened();

    await page.load(trouble(reason));
    expect(page.renderer.find(ErrorState).props.title).toBe(title);
    await page.click("Try again");
    await page.load(ANSWER());

    expect(page.renderer.maybeFind(ErrorState)).toBeNull();
  });

  it("an account that is not connected is named as Chert names it", async () => {
    const page = await Page.opened();

    await page.load(refused(2001, "unknown or inactive tenant"));

    expect(page.renderer.find(EmptyState).props.title).toBe("unknown or inactive tenant");
    expect(page.text).toContain("t-2001");
  });
});

describe("the thread", () => {
  it("shows sides, times, who sent each, days, and the newest last", async () => {
    const page = await Page.loaded(
      conversation([
        message({ id: "1", from: "workflow", workflowId: 7, at: "2026-11-19T09:00:00Z" }),
        message({ id: "2", from: "contact", at: at("09:30") }),
        message({ id: "3", from: "colleague", at: at("09:40") }),
        message({ id: "4", from: "you", at: at("09:50") }),
        message({ id: "5", from: "contact_creation", at: at("09:51") }),
        message({ id: "6", from: "unknown", at: at("09:52") }),
      ]),
    );

    expect(page.captions).toEqual([
      "Workflow 7 · 9:00 AM",
      "Grace Hopper · 9:30 AM",
      "A colleague · 9:40 AM",
      "You · 9:50 AM",
      "Automatic first message · 9:51 AM",
      "Chert · 9:52 AM",
    ]);
    expect(page.text).toContain("Thu, Nov 19, 2026");
    expect(page.text).toContain("Fri, Nov 20, 2026");
  });

  it("shows media as links to its page, and says so where there is nothing to follow", async () => {
    const attachments = [
      { type: "media", attachment_id: "a-1", url: "https://app.example.test/console/messages/acme/1" },
      { type: "video", attachment_id: "a-2", url: null },
      { type: "media", attachment_id: "a-3", url: "javascript:alert(1)" },
      { type: "rich_link", attachment_id: null, url: "https://maps.example/here" },
    ];
    const page = await Page.loaded(conversation([message({ id: "1", text: "", attachments })]));

    expect(page.renderer.findAll(Link).map((link) => link.props.href)).toEqual([
      { url: "https://app.example.test/console/messages/acme/1", external: true },
      { url: "https://maps.example/here", external: true },
    ]);
    expect(page.tiles).toEqual(["Attachment 1 of 4", "Video 2 of 4", "Attachment 3 of 4", "maps.example"]);
  });

  it("shows each bubble of a message as one, and lines within it as lines", async () => {
    const page = await Page.loaded(conversation([message({ id: "1", text: "Hi\n\none\ntwo" })]));

    expect(page.tiles).toEqual(["Hi", "one\ntwo"]);
    expect(page.captions).toHaveLength(1);
  });

  it.each([
    ["emoji", "👩🏽‍💻🎉"],
    ["right to left", "שלום وأهلا"],
    ["a very long word", "x".repeat(5_000)],
    ["several lines", "one\ntwo"],
    ["markup", "<script>alert(1)</script> & <b>"],
  ])("shows %s as it was written", async (_, text) => {
    const page = await Page.loaded(conversation([message({ id: "1", text })]));

    expect(page.tiles).toEqual([text]);
  });

  it("shows the latest ten of two hundred, and the others when asked", async () => {
    const page = await Page.loaded(conversation(numbered(200), { has_more: true }));

    expect(page.captions).toHaveLength(10);
    await page.click("Show earlier messages (190)");
    expect(page.captions).toHaveLength(60);
    for (const hidden of [140, 90, 40]) {
      await page.click(`Show earlier messages (${hidden})`);
    }
    expect(page.captions).toHaveLength(200);
    expect(page.text).toContain("Older messages are in the Chert console.");
  });

  it("says so when Chert does not tell it", async () => {
    const page = await Page.loaded(conversation([], { available: false }));

    expect(page.renderer.find(Alert).props.title).toBe("The conversation cannot be shown now");
    expect(page.maybeButton("Send")).not.toBeNull();
  });

  it("invites to write the first message where there is none", async () => {
    const page = await Page.loaded();

    expect(page.renderer.find(EmptyState).props.title).toBe("No messages yet");
  });

  it("marks what is new until the reader turns to the composer", async () => {
    const page = await Page.loaded(
      conversation([message({ id: "1", from: "you" }), message({ id: "2", at: at("11:00") })]),
    );

    expect(page.renderer.find(StatusTag).text).toBe("New");
    expect(page.tabTitles[0]).toBe("Conversation (1)");
    await page.focus();

    expect(page.renderer.maybeFind(StatusTag)).toBeNull();
    expect(page.tabTitles[0]).toBe("Conversation");
  });
});

describe("a contact without a number", () => {
  it("names the properties that were looked at, and cannot be written to", async () => {
    const page = await Page.loaded({
      contact: { id: "904", name: "Grace Hopper", phone: null, phone_property: null },
      ...blocked(1013, "Both are empty."),
    });

    expect(page.text).toContain("Looked at the properties Phone number and Mobile phone number.");
    expect(page.text).toContain("Both are empty.");
    expect(page.field.props).toMatchObject({ readOnly: true, description: "" });
    expect(page.send.props.disabled).toBe(true);
  });

  it("that gets one on the record is looked up at once", async () => {
    const page = await Page.loaded();

    await page.changeProperties();

    expect(page.api.loads).toHaveLength(1);
  });
});

describe("the composer", () => {
  it("says who is written to, from which line, how long it is, and what bubbles it becomes", async () => {
    const page = await Page.loaded();

    await page.type("Hi Grace\n\nSee you at ten 🎉");

    expect(page.field.props.label).toBe("iMessage to Grace Hopper");
    expect(page.field.props.description).toBe("From +14155550199 to +14155550100");
    expect(page.text).toContain("26 of 10000 characters · 2 bubbles");
    expect(page.tiles).toEqual(["Hi Grace", "See you at ten 🎉"]);
  });

  it("sends nothing that is blank or too long", async () => {
    const page = await Page.loaded();

    expect(page.send.props.disabled).toBe(true);
    await page.type(" \n \n ");
    expect(page.send.props.disabled).toBe(true);
    await page.type("x".repeat(10_001));

    expect(page.send.props.disabled).toBe(true);
    expect(page.field.props).toMatchObject({ error: true, validationMessage: "At most 10000 characters" });
  });

  it.each(["see https://chert.example/x", "www.chert.example", "look at trychert.com/pricing"])(
    "warns of a link in a first message before it is sent: %s",
    async (text) => {
      const page = await Page.loaded(composer({ first_message: true }));

      await page.type(text);

      expect(page.renderer.find(Alert).props.title).toBe("A first message must not hold a link");
      await page.type("no link, e.g. at 10.30 or so");
      expect(page.renderer.maybeFind(Alert)).toBeNull();
    },
  );

  it("says since when a contact has opted out", async () => {
    const page = await Page.loaded(blocked(1012, "The contact answered STOP.", "2026-11-18T08:05:00Z"));

    expect(page.renderer.find(Alert).props.title).toBe("Contact opted out");
    expect(page.text).toContain("The contact answered STOP. Since Wed, Nov 18, 2026, 8:05 AM.");
    expect(page.send.props.disabled).toBe(true);
  });

  it.each([
    ["the daily cap", 2008, "Daily cap reached. Sending is possible again tomorrow."],
    ["a closed window", 4002, "The sending window opens at 9:00."],
  ])("says why at %s", async (_, code, words) => {
    const page = await Page.loaded(blocked(code, words));

    expect(page.text).toContain(words);
    expect(page.field.props.readOnly).toBe(true);
  });

  it.each([
    ["a number went", 1013],
    ["the contact opted out", 1012],
    ["the daily cap was reached", 2008],
    ["the window closed", 4002],
  ])("closes while open because %s, keeps what was typed, and opens again when the server says so", async (_, code) => {
    const page = await Page.loaded();
    await page.type("half a sentence");

    await page.pass(60_000);
    await page.load(ANSWER(blocked(code, "Not now.")));
    expect(page.field.props).toMatchObject({ readOnly: true, value: "half a sentence" });
    expect(page.send.props.disabled).toBe(true);
    expect(page.text).toContain("Not now.");
    await page.pass(60_000);
    await page.load(ANSWER());

    expect(page.send.props.disabled).toBe(false);
    expect(page.renderer.maybeFind(Alert)).toBeNull();
  });

  it("keeps a draft while another tab is looked at", async () => {
    const page = await Page.loaded();

    await page.type("half a sentence");
    await page.open("status");
    await page.open("conversation");

    expect(page.field.props.value).toBe("half a sentence");
  });
});

describe("a send", () => {
  it("shows its bubble at once, empties the field, and becomes the server's message once", async () => {
    const page = await Page.loaded();

    await page.write(" Hi Grace ");
    expect(page.captions).toEqual(["You · Sending …"]);
    expect(page.field.props.value).toBe("");
    const arrived = await page.answerSend(SENT("m-1"));
    expect(arrived).toMatchObject({ clientMessageId: "client-1", text: "Hi Grace" });
    expect(page.captions).toEqual(["You · Sent"]);
    await page.load(ANSWER(conversation([message({ id: "m-1", from: "you", clientMessageId: "client-1" })])));

    expect(page.captions).toEqual(["You · 10:00 AM"]);
  });

  it("is repeated twice under its own id when nothing answers, then left to the reader", async () => {
    const page = await Page.loaded();
    await page.write("Hi");

    const ids = [(await page.answerSend(trouble("away"))).clientMessageId];
    await page.pass(2_000);
    ids.push((await page.answerSend(trouble("failed"))).clientMessageId);
    await page.pass(8_000);
    ids.push((await page.answerSend(trouble("away"))).clientMessageId);
    expect(page.captions).toEqual(["You · Not sent"]);
    expect(page.text).toContain("Trying again sends it at most once.");
    await page.click("Try again");
    ids.push((await page.answerSend(SENT("m-1"))).clientMessageId);

    expect(ids).toEqual(["client-1", "client-1", "client-1", "client-1"]);
    expect(page.captions).toEqual(["You · Sent"]);
  });

  it("that is refused for good says why, and can be dismissed but not repeated", async () => {
    const page = await Page.loaded();
    await page.write("see https://chert.example");

    await page.answerSend(refused(1005, "link in first message"));

    expect(page.renderer.find(Alert).props.title).toBe("Not sent");
    expect(page.text).toContain("link in first message, explained.");
    expect(page.maybeButton("Try again")).toBeNull();
    await page.click("Dismiss");
    expect(page.captions).toEqual([]);
  });

  it("that met the daily cap is a send of its own when it is tried again", async () => {
    const page = await Page.loaded();
    await page.write("Hi");

    await page.answerSend(refused(2008, "daily cap reached"));
    expect(page.renderer.find(Alert).props.title).toBe("Daily cap reached");
    await page.click("Try again");

    expect(page.api.sends.map((one) => one.clientMessageId)).toEqual(["client-2"]);
    expect(page.captions).toEqual(["You · Sending …"]);
  });

  it("that is refused for now goes on under its own id", async () => {
    const page = await Page.loaded();
    await page.write("Hi");

    await page.answerSend(refused(4002, "all lines are busy", { retryable: true, retry_after: 600 }));
    await page.click("Try again");

    expect(page.api.sends.map((one) => one.clientMessageId)).toEqual(["client-1"]);
  });

  it("waits for the one before it, so that texts arrive as they were written", async () => {
    const page = await Page.loaded();

    await page.write("first");
    await page.write("second");
    expect(page.api.sends.map((one) => one.text)).toEqual(["first"]);
    await page.answerSend(SENT("m-1"));

    expect(page.api.sends.map((one) => one.text)).toEqual(["second"]);
    expect(page.captions).toEqual(["You · Sent", "You · Sending …"]);
  });
});

describe("looking for news", () => {
  it("slows down while nothing comes, and is quick again after news", async () => {
    const page = await Page.loaded(conversation(numbered(1)));
    const pauses = [...page.runtime.pauses];

    for (const messages of [numbered(1), numbered(1), numbered(2)]) {
      await page.pass(60_000);
      await page.load(ANSWER(conversation(messages)));
      pauses.push(...page.runtime.pauses);
    }

    expect(pauses).toEqual([5_000, 7_500, 11_250, 5_000]);
  });

  it("slows down further while nothing answers, up to two minutes, and obeys the server's own wait", async () => {
    const page = await Page.loaded();
    const pauses: number[] = [];

    for (const problem of [trouble("away"), trouble("away"), refused(1007, "slow down", { retry_after: 300 })]) {
      await page.pass(300_000);
      await page.load(problem);
      pauses.push(...page.runtime.pauses);
    }

    expect(pauses).toEqual([10_000, 20_000, 300_000]);
  });

  it("that fails keeps what is shown and says how old it is", async () => {
    const page = await Page.loaded(conversation([message({ id: "1" })]));

    await page.pass(60_000);
    await page.load(trouble("away"));

    expect(page.captions).toHaveLength(1);
    expect(page.text).toContain("Shown as of 12:00 PM.");
    await page.pass(60_000);
    await page.load(ANSWER(conversation([message({ id: "1" })])));
    expect(page.text).not.toContain("Shown as of");
  });

  it("finds out that the account was disconnected, and that it is back", async () => {
    const page = await Page.loaded(conversation([message({ id: "1" })]));

    await page.pass(60_000);
    await page.load(refused(2001, "unknown or inactive tenant"));
    expect(page.captions).toEqual([]);
    expect(page.renderer.find(EmptyState).props.title).toBe("unknown or inactive tenant");
    await page.pass(60_000);
    await page.load(ANSWER(conversation([message({ id: "1" })])));

    expect(page.captions).toHaveLength(1);
  });
});

describe("the status", () => {
  it("says connection, number, lead, line, next send and whether sending is possible", async () => {
    const line = { id: "line-1", phone_number: "+14155550199", is_active: true };
    const status = { lead_id: "lead-1", phone_line: line, next_send_at: "2026-11-21T15:00:00Z", next_send_known: true };
    const page = await Page.loaded({ status });

    await page.open("status");

    expect(page.renderer.find(StatusTag).text).toBe("Connected");
    for (const words of ["+14155550100", "Known to Chert", "+14155550199", "Sat, Nov 21, 2026, 3:00 PM", "Possible", "Pool default"]) {
      expect(page.text).toContain(words);
    }
  });

  it("says what is not known", async () => {
    const page = await Page.loaded({ status: null, contact: { id: "904" }, ...blocked(1013, "No number.") });

    await page.open("status");

    for (const words of ["None known; the first message makes one", "Chosen by Chert at the next send", "Not available", "No number."]) {
      expect(page.text).toContain(words);
    }
  });

  it("names an account that is not connected, and checks again when asked", async () => {
    const page = await Page.opened();
    await page.load(refused(2001, "unknown or inactive tenant"));

    await page.open("status");
    expect(page.renderer.find(StatusTag).text).toBe("Not connected");
    await page.click("Check again");
    await page.load(ANSWER());

    expect(page.renderer.find(StatusTag).text).toBe("Connected");
  });
});

describe("the campaign", () => {
  const RECENT = [
    { at: at("09:00"), source: "workflow", contact_id: "904", status: "sent", error: "" },
    { at: at("09:05"), source: "card", contact_id: "905", status: "refused", error: "contact opted out" },
  ];
  const TODAY = {
    available: true,
    template_set: true,
    sent_today: 12,
    daily_cap: 50,
    window: { start: "09:00", end: "17:00" },
    timezone: "America/New_York",
    auto_dial: false,
    recent: RECENT,
  };

  it("is asked for only when its tab is opened", async () => {
    const page = await Page.loaded();

    expect(page.api.campaigns).toHaveLength(0);
    await page.open("campaign");
    expect(page.api.campaigns).toHaveLength(1);
  });

  it("shows today's count and cap, the window, and what happened", async () => {
    const page = await Page.loaded();
    await page.open("campaign");

    await page.answerCampaign({ kind: "answer", value: campaign(TODAY) });

    for (const words of [
      "12 of 50",
      "09:00–17:00, America/New_York (closed now)",
      "Fri, Nov 20, 2026, 9:00 AM: A workflow's message to this contact was sent",
      "A message from a card to contact 905 was not sent: contact opted out",
    ]) {
      expect(page.text).toContain(words);
    }
  });

  it("says when the window is open", async () => {
    const page = await Page.loaded();
    await page.open("campaign");

    await page.answerCampaign({ kind: "answer", value: campaign({ ...TODAY, timezone: "UTC" }) });

    expect(page.text).toContain("(open now)");
  });

  it("says when the cap is reached", async () => {
    const page = await Page.loaded();
    await page.open("campaign");

    await page.answerCampaign({ kind: "answer", value: campaign({ ...TODAY, sent_today: 50 }) });

    expect(page.renderer.find(StatusTag).text).toBe("Daily cap reached");
  });

  it("says that Chert does not tell", async () => {
    const page = await Page.loaded();
    await page.open("campaign");

    await page.answerCampaign({ kind: "answer", value: campaign({ available: false, recent: RECENT }) });

    expect(page.renderer.find(EmptyState).props.title).toBe("Not available");
    expect(page.text).toContain("A workflow's message to this contact was sent");
  });

  it("that cannot be had is asked for again when the reader says so", async () => {
    const page = await Page.loaded();
    await page.open("campaign");

    await page.answerCampaign(trouble("away"));
    await page.click("Try again");
    await page.answerCampaign({ kind: "answer", value: campaign({ available: false }) });

    expect(page.renderer.find(EmptyState).props.title).toBe("Not available");
  });
});
