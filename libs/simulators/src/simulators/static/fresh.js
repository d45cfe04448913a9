/* Parts of a page that change by themselves: fetched again, and replaced only when they differ. */
"use strict";

for (const element of document.querySelectorAll("[data-fresh]")) {
  let shown = "";
  const look = async () => {
    try {
      const answer = await fetch(element.dataset.fresh);
      const text = answer.ok ? await answer.text() : shown;
      if (text !== shown) {
        shown = text;
        replace(element, text);
      }
    } catch {
      // The server is away; what is shown stays.
    }
    setTimeout(look, 2000);
  };
  setTimeout(look, 2000);
}

/* What the reader had opened stays open. */
function replace(element, text) {
  const open = new Set([...element.querySelectorAll("details[open]")].map((one) => one.id));
  element.innerHTML = text;
  for (const details of element.querySelectorAll("details")) {
    details.open = open.has(details.id);
  }
}
