/** The card as HubSpot's own renderer shows it, and what a reader does with it. */

import { Button, Tab, Tabs, Text, TextArea, Tile } from "@hubspot/ui-extensions";
import { createRenderer, type RenderedChildNode, RenderedNodeType, type RenderedParentNode } from "@hubspot/ui-extensions/testing";

import { Card } from "../src/app/cards/card/Card.tsx";
import type { Campaign, Context, Sent } from "../src/app/cards/card/answers.ts";
import type { Outcome } from "../src/app/cards/card/outcome.ts";
import { type Arrived, context, ManualRuntime, ScriptedApi } from "./fakes.ts";

const PLACE = { locale: "en-US", timeZone: "UTC" };

interface Node {
  trigger: (event: never, argument?: never) => void;
}

/** Triggers an event: the vendor's type asks for the handler where its code takes the value. */
function trigger(node: unknown, event: string, argument?: unknown): void {
  (node as Node).trigger(event as never, argument as never);
}

const SPOKEN = new Set(["title", "label", "description", "validationMessage", "valueDescription"]);

function textsIn(node: RenderedParentNode | RenderedChildNode): readonly string[] {
  if (node.nodeType === RenderedNodeType.Text) {
    return [node.text];
  }
  const props = node.nodeType === RenderedNodeType.Element ? Object.entries(node.props) : [];
  const spoken = props.flatMap(([name, value]) => (SPOKEN.has(name) && typeof value === "string" ? [value] : []));
  return [...spoken, ...node.childNodes.flatMap(textsIn)];
}

/** One card beside one record. */
export class Page {
  readonly api = new ScriptedApi();
  readonly runtime = new ManualRuntime();
  readonly renderer = createRenderer("crm.record.sidebar");
  #propertiesChanged: () => void = () => undefined;

  private constructor() {
    this.renderer.render(
      <Card
        api={this.api}
        runtime={this.runtime}
        place={PLACE}
        onPropertiesChange={(_, changed) => {
          this.#propertiesChanged = changed;
        }}
      />,
    );
  }

  /** A card that was just opened. */
  static async opened(): Promise<Page> {
    const page = new Page();
    await page.#settle(() => undefined);
    return page;
  }

  /** A card that has loaded once. */
  static async loaded(change: Record<string, unknown> = {}): Promise<Page> {
    const page = await Page.opened();
    await page.load({ kind: "answer", value: context(change) });
    return page;
  }

  /** Everything that can be read, titles and labels included. */
  get text(): string {
    return textsIn(this.renderer.getRootNode()).join(" ");
  }

  /** What the tiles say: bubbles, and the preview of bubbles. */
  get tiles(): readonly string[] {
    return this.renderer.findAll(Tile).map((tile) => tile.childNodes.flatMap(textsIn).join("\n"));
  }

  /** The captions over the messages, in their order. */
  get captions(): readonly string[] {
    return this.renderer
      .findAll(Text, { variant: "microcopy" })
      .map((one) => one.text ?? "")
      .filter((one) => one.includes(" · "));
  }

  get tabTitles(): readonly string[] {
    return this.renderer.findAll(Tab).map((tab) => tab.props.title ?? "");
  }

  get field() {
    return this.renderer.find(TextArea);
  }

  get send() {
    return this.button("Send");
  }

  button(name: string) {
    return this.renderer.find(Button, (node) => node.text === name);
  }

  maybeButton(name: string) {
    return this.renderer.maybeFind(Button, (node) => node.text === name);
  }

  /** Answers the load that waits longest. */
  async load(outcome: Outcome<Context>): Promise<void> {
    await this.#settle(() => this.api.loads.shift()?.resolve(outcome));
  }

  /** Answers the send that waits longest, and says what it was. */
  async answerSend(outcome: Outcome<Sent>): Promise<Arrived> {
    const arrived = this.api.sends.shift();
    if (arrived === undefined) {
      throw new Error("nothing was sent");
    }
    await this.#settle(() => {
      arrived.resolve(outcome);
    });
    return arrived;
  }

  async answerCampaign(outcome: Outcome<Campaign>): Promise<void> {
    await this.#settle(() => this.api.campaigns.shift()?.resolve(outcome));
  }

  async type(text: string): Promise<void> {
    await this.#settle(() => {
      trigger(this.field, "onInput", text);
    });
  }

  async focus(): Promise<void> {
    await this.#settle(() => {
      trigger(this.field, "onFocus", "");
    });
  }

  async click(name: string): Promise<void> {
    await this.#settle(() => {
      trigger(this.button(name), "onClick");
    });
  }

  async open(tab: string): Promise<void> {
    await this.#settle(() => {
      trigger(this.renderer.find(Tabs), "onSelectedChange", tab);
    });
  }

  async write(text: string): Promise<void> {
    await this.type(text);
    await this.click("Send");
  }

  async pass(milliseconds: number): Promise<void> {
    await this.#settle(() => {
      this.runtime.pass(milliseconds);
    });
  }

  async changeProperties(): Promise<void> {
    await this.#settle(() => {
      this.#propertiesChanged();
    });
  }

  /** Does something, and lets every promise and render that follows from it happen. */
  async #settle(act: () => void): Promise<void> {
    act();
    for (let turn = 0; turn < 5; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
