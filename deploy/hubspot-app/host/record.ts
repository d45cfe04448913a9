/** The record's properties on the page: saved without leaving it, and told to the card when they changed. */

import { retain } from "@remote-ui/rpc";

interface Listener {
  readonly names: readonly string[] | "*";
  readonly changed: (values: Record<string, string>) => void;
}

/** The form with the contact's properties. */
export class ContactRecord {
  readonly #form: HTMLFormElement | null;
  readonly #listeners: Listener[] = [];
  #saved: Readonly<Record<string, string>>;

  constructor(document: Document) {
    this.#form = document.querySelector<HTMLFormElement>("form#properties");
    this.#saved = this.#typed();
    this.#form?.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#save();
    });
  }

  /** Those of the saved properties that are asked for. */
  properties(names: readonly string[] | "*"): Record<string, string> {
    return Object.fromEntries(Object.entries(this.#saved).filter(([name]) => names === "*" || names.includes(name)));
  }

  /** Calls back whenever one of these properties changed. */
  onChange(names: Listener["names"], changed: Listener["changed"]): void {
    retain(changed);
    this.#listeners.push({ names, changed });
  }

  async #save(): Promise<void> {
    const form = this.#form;
    const state = form?.querySelector<HTMLElement>("output");
    if (form === null || state == null) {
      return;
    }
    const before = this.#saved;
    const typed = this.#typed();
    const response = await fetch(form.action, { method: "POST", body: new URLSearchParams(typed) });
    state.textContent = response.ok ? "Saved" : "Not saved";
    if (response.ok) {
      this.#saved = typed;
      this.#tell(Object.keys(typed).filter((name) => typed[name] !== before[name]));
    }
  }

  #tell(changed: readonly string[]): void {
    for (const listener of this.#listeners) {
      if (changed.some((name) => listener.names === "*" || listener.names.includes(name))) {
        listener.changed(this.properties(listener.names));
      }
    }
  }

  #typed(): Record<string, string> {
    const fields = this.#form === null ? [] : [...new FormData(this.#form).entries()];
    return Object.fromEntries(fields.map(([name, value]) => [name, typeof value === "string" ? value : ""]));
  }
}
