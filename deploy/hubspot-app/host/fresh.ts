/** Parts of a page that change by themselves: fetched again and replaced only when they differ. */

/** Keeps every element fresh that says where its content comes from (`data-fresh`). */
export function keepFresh(document: Document, milliseconds: number): void {
  for (const element of document.querySelectorAll<HTMLElement>("[data-fresh]")) {
    const source = element.dataset.fresh ?? "";
    let shown = "";
    const look = async () => {
      const text = await contentOf(source);
      if (text !== null && text !== shown) {
        shown = text;
        element.innerHTML = text;
      }
    };
    setInterval(() => void look(), milliseconds);
  }
}

/** The content as the server renders it now; null while it cannot be had. */
async function contentOf(source: string): Promise<string | null> {
  try {
    const response = await fetch(source);
    return response.ok ? await response.text() : null;
  } catch {
    return null;
  }
}
