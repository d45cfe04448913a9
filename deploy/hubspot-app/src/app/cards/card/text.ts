/** What a text will look like when it is sent (chert-contract.md, section 6). */

// A scheme, or a name with a dot and a well-known ending: what people type as a link.
const LINK = /\b(?:https?:\/\/|www\.)\S|\b[\p{L}\d-]+(?:\.[\p{L}\d-]+)*\.(?:com|net|org|io|co|ai|app|dev|me|us|uk|de|fr|es|it|nl|eu|ca|au)(?:\/|\b)/iu;
const BLANK_LINES = /\n[^\S\n]*\n\s*/u;

/** The bubbles that a text becomes: blank lines part them. */
export function bubbles(text: string): readonly string[] {
  return text
    .trim()
    .split(BLANK_LINES)
    .map((bubble) => bubble.trim())
    .filter((bubble) => bubble !== "");
}

/** How long a text is, in code points, as the server counts. */
export function length(text: string): number {
  return Array.from(text).length;
}

/** Whether a text holds something that iMessage shows as a link. */
export function hasLink(text: string): boolean {
  return LINK.test(text);
}
