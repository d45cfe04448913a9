import { LoadingSpinner } from "@hubspot/ui-extensions";
import { createRenderer } from "@hubspot/ui-extensions/testing";
import type { ReactElement } from "react";
import { describe, expect, it, vi } from "vitest";

import "../src/app/cards/ChertCard.tsx";

type Extend = (api: unknown) => ReactElement;

const worker = vi.hoisted(() => {
  const made = { extend: [] as unknown[], asked: [] as string[] };
  // HubSpot's package reads the worker's globals once, when it is imported.
  Object.assign(globalThis, {
    self: globalThis,
    __HUBSPOT_EXTENSION_WORKER__: true,
    logger: console,
    hsWorkerAPI: {},
    extend_V2: (callback: unknown) => made.extend.push(callback),
    hsFetch: (url: string) => {
      made.asked.push(url);
      return new Promise(() => undefined);
    },
  });
  return made;
});

describe("the entry point", () => {
  it.each([
    ["with a user", { user: { locale: "en-us" }, portal: { timezone: "UTC" } }],
    ["without a user", {}],
  ])("shows the card of the record, %s, and listens to the properties that hold a number", async (_, context) => {
    const renderer = createRenderer("crm.record.sidebar");
    const listened: unknown[] = [];
    worker.asked.length = 0;

    const extend = worker.extend[0] as Extend;
    renderer.render(
      extend({
        context: { crm: { objectId: 904 }, variables: { PUBLIC_BASE_URL: "https://app.example.test" }, ...context },
        actions: { onCrmPropertiesUpdate: (names: unknown) => listened.push(names) },
      }),
    );
    expect(renderer.find(LoadingSpinner).props.label).toBe("Loading the conversation");
    await vi.waitFor(() => {
      expect(worker.asked).toEqual(["https://app.example.test/api/hubspot/widget/context?contact_id=904"]);
    });

    expect(listened).toEqual([["phone", "mobilephone"]]);
  });
});
