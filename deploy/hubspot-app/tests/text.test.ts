import { describe, expect, it } from "vitest";

import { publicBaseUrl } from "../src/app/cards/card/settings.ts";
import { bubbles, hasLink, length } from "../src/app/cards/card/text.ts";
import { timesAt } from "../src/app/cards/card/times.ts";

const MOMENT = new Date("2026-11-20T23:30:00Z");

describe("bubbles", () => {
  it.each([
    ["", []],
    ["one", ["one"]],
    ["one\ntwo", ["one\ntwo"]],
    ["one\n\ntwo", ["one", "two"]],
    [" one \n \t \n\n two \n", ["one", "two"]],
  ])("are parted by blank lines: %j", (text, expected) => {
    expect(bubbles(text)).toEqual(expected);
  });
});

describe("length", () => {
  it("counts code points, as the server does", () => {
    expect(length("a🎉é")).toBe(3);
  });
});

describe("a link", () => {
  it.each(["https://x.example", "HTTP://x", "www.x.example", "trychert.com", "münchen.de/a"])("is seen in %s", (text) => {
    expect(hasLink(text)).toBe(true);
  });

  it.each(["at 10.30", "e.g. this", "Hi.Come in", "3.5", "me@", "…"])("is not seen in %s", (text) => {
    expect(hasLink(text)).toBe(false);
  });
});

describe("times", () => {
  it("are the account's, in the reader's language", () => {
    const times = timesAt({ locale: "de-de", timeZone: "Europe/Berlin" });

    expect(times.moment(MOMENT)).toBe("Sa., 21. Nov. 2026, 0:30");
  });

  it.each([
    [undefined, undefined],
    ["", ""],
    ["no such language!", "Nowhere/Land"],
  ])("are English and UTC where language %j and zone %j say nothing", (locale, timeZone) => {
    expect(timesAt({ locale, timeZone }).moment(MOMENT)).toBe("Fri, Nov 20, 2026, 11:30 PM");
  });
});

describe("the services' address", () => {
  it.each([
    [{ PUBLIC_BASE_URL: "https://app.example.test/" }, "https://app.example.test"],
    [{ PUBLIC_BASE_URL: "http://app.example.test" }, "https://console.trychert.com"],
    [{ PUBLIC_BASE_URL: 7 }, "https://console.trychert.com"],
    [{}, "https://console.trychert.com"],
    [undefined, "https://console.trychert.com"],
  ])("comes from the upload's profile: %j", (variables, expected) => {
    expect(publicBaseUrl(variables)).toBe(expected);
  });
});
