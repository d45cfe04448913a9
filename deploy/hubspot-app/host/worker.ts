/**
 * The worker that HubSpot runs a card in: its globals, and nothing of the network but `hubspot.fetch`.
 *
 * Written after `@hubspot/ui-extensions`, whose worker HubSpot does not publish. React and remote-ui are globals, because
 * bundles take them from there.
 */

import { createRemoteRoot, type RemoteChannel } from "@remote-ui/core";
import * as RemoteUI from "@remote-ui/react";
import { createEndpoint, retain } from "@remote-ui/rpc";
import * as React from "react";

import type { Call, Host, Worker } from "./protocol.ts";

type Extend = (api: { context: unknown; actions: unknown; runServerlessFunction: unknown }) => React.ReactElement;

/** The part of a worker's globals that the DOM's types do not have. */
interface WorkerScope {
  importScripts: (url: string) => void;
}

const scope = globalThis as unknown as WorkerScope & Record<string, unknown>;

/** What a card must not reach. */
const WITHHELD = ["fetch", "XMLHttpRequest", "WebSocket", "EventSource", "importScripts"];

const worker: Worker = {
  render(bundle, context, channel, host) {
    retain(channel);
    retain(host);
    const registered = load(bundle, host);
    show(registered, context, channel, host);
  },
};

const endpoint = createEndpoint<Record<string, never>>(globalThis as unknown as Parameters<typeof createEndpoint>[0]);
endpoint.expose({ ...worker });

/** Runs the bundle, which reads these globals once and registers what to render. */
function load(bundle: string, host: Host): Extend {
  const registered: Extend[] = [];
  Object.assign(scope, {
    React,
    RemoteUI,
    __HUBSPOT_EXTENSION_WORKER__: true,
    logger: console,
    hsWorkerAPI: {},
    hsFetch: (url: string, options: FetchOptions = {}) => call(host, url, options),
    extend_V2: (callback: Extend) => {
      registered.push(callback);
    },
  });
  scope.importScripts(bundle);
  for (const name of WITHHELD) {
    Object.defineProperty(scope, name, { value: undefined, configurable: false, writable: false });
  }
  const [extend] = registered;
  if (extend === undefined) {
    throw new Error("the bundle registered nothing");
  }
  return extend;
}

function show(registered: Extend, context: unknown, channel: RemoteChannel, host: Host): void {
  const root = createRemoteRoot(channel, { strict: false });
  const element = registered({ context, actions: actionsOf(host), runServerlessFunction: refuse });
  RemoteUI.createRoot(root).render(element);
  void root.mount();
}

interface FetchOptions {
  readonly method?: string;
  readonly timeout?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** `hubspot.fetch`: the answer crosses as data and is a response again here. */
async function call(host: Host, url: string, options: FetchOptions): Promise<Response> {
  const asked: Call = {
    url,
    method: options.method ?? "GET",
    timeout: options.timeout ?? null,
    headers: options.headers ?? {},
    body: options.body ?? null,
  };
  const answer = await host.fetch(asked);
  if (answer === null) {
    throw new TypeError("Failed to fetch");
  }
  return new Response(answer.body, { status: answer.status, headers: { "content-type": "application/json" } });
}

function actionsOf(host: Host): Record<string, unknown> {
  return {
    addAlert: host.addAlert,
    reloadPage: host.reload,
    refreshObjectProperties: () => undefined,
    fetchCrmObjectProperties: host.properties,
    onCrmPropertiesUpdate: (names: readonly string[] | "*", changed: (values: Record<string, string>) => void) => {
      host.onPropertiesUpdate(names, changed);
    },
  };
}

function refuse(): Promise<never> {
  return Promise.reject(new Error("this app has no serverless functions"));
}
