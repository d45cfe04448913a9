/** The contact record page's own script: it hosts the card, and tells it when properties change. */

import { createRemoteReceiver } from "@remote-ui/core";
import { createController, RemoteRenderer } from "@remote-ui/react/host";
import { createEndpoint, fromWebWorker } from "@remote-ui/rpc";
import { createRoot } from "react-dom/client";

import { COMPONENTS } from "./components.tsx";
import type { Answer, Call, Host, Worker as CardWorker } from "./protocol.ts";
import { ContactRecord } from "./record.ts";

/** What the page's template says. */
interface Setting {
  readonly bundle: string;
  readonly worker: string;
  readonly proxy: string;
  readonly context: unknown;
}

const place = document.getElementById("card");
const setting = document.getElementById("card-setting");
const record = new ContactRecord(document);
if (place !== null && setting?.textContent) {
  showCard(place, JSON.parse(setting.textContent) as Setting);
}

function showCard(element: HTMLElement, { bundle, worker: script, proxy, context }: Setting): void {
  const receiver = createRemoteReceiver();
  const worker = new Worker(script);
  const endpoint = createEndpoint<CardWorker>(fromWebWorker(worker), { callable: ["render"] });
  const broken = (words: string) => {
    element.dataset.broken = words;
    element.prepend(noticeOf(`The card failed: ${words}`));
  };
  worker.addEventListener("error", (event) => {
    broken(event.message);
  });
  createRoot(element).render(<RemoteRenderer receiver={receiver} controller={createController(COMPONENTS)} />);
  Promise.resolve(endpoint.call.render(bundle, context, receiver.receive, hostOf(proxy))).catch((error: unknown) => {
    broken(String(error));
  });
}

function hostOf(proxy: string): Host {
  return {
    fetch: (call) => throughProxy(proxy, call),
    addAlert: ({ title, message }) => {
      document.body.append(noticeOf(title === undefined ? message : `${title}: ${message}`));
    },
    onPropertiesUpdate: (names, changed) => {
      record.onChange(names, changed);
    },
    properties: (names) => record.properties(names),
    reload: () => {
      location.reload();
    },
  };
}

/** A rejection would cross to the worker and be an error of this page besides, so that no answer is told as null. */
async function throughProxy(proxy: string, call: Call): Promise<Answer | null> {
  try {
    const response = await fetch(proxy, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(call),
    });
    return (await response.json()) as Answer;
  } catch {
    return null;
  }
}

function noticeOf(words: string): HTMLElement {
  const notice = document.createElement("p");
  notice.setAttribute("role", "alert");
  notice.className = "page-notice";
  notice.textContent = words;
  return notice;
}
