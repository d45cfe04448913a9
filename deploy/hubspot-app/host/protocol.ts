/** What page and worker ask of each other; only plain data and functions cross. */

import type { RemoteChannel } from "@remote-ui/core";

/** How the proxy answered. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** What a card may say of a call. */
export interface Call {
  readonly url: string;
  readonly method: string;
  readonly timeout: number | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>> | null;
}

/** What the page does for the card. */
export interface Host {
  /** Calls the app as HubSpot's proxy does; null when no answer came. */
  readonly fetch: (call: Call) => Promise<Answer | null>;
  /** Shows a notice over the page. */
  readonly addAlert: (alert: { readonly title?: string; readonly message: string; readonly type?: string }) => void;
  /** Calls back when one of these properties changed. */
  readonly onPropertiesUpdate: (names: readonly string[] | "*", changed: (values: Record<string, string>) => void) => void;
  /** The record's properties. */
  readonly properties: (names: readonly string[] | "*") => Record<string, string>;
  /** Loads the page anew. */
  readonly reload: () => void;
}

/** The worker's side. */
export interface Worker {
  /** Loads a bundle and renders what it registers, beside a record. */
  readonly render: (bundle: string, context: unknown, channel: RemoteChannel, host: Host) => void;
}
