/** What a sales rep reads when something is not as usual. */

import { isAccountLimit, isDisconnected, type Problem } from "./outcome.ts";

/** A short title and one sentence that says what to do. */
export interface Words {
  readonly title: string;
  readonly advice: string;
}

const TROUBLE: Readonly<Record<"away" | "failed" | "unreadable", Words>> = {
  away: { title: "No connection", advice: "Chert did not answer in time. The card keeps trying." },
  failed: { title: "Chert has a problem", advice: "This is not about the contact. The card keeps trying." },
  unreadable: { title: "Unexpected answer", advice: "Something between HubSpot and Chert answered. The card keeps trying." },
};

/** A problem in words. */
export function wordsFor(problem: Problem): Words {
  if (problem.kind === "trouble") {
    return TROUBLE[problem.reason];
  }
  const { error, message } = problem.refusal;
  return { title: isDisconnected(problem) ? error : capitalised(error), advice: message };
}

/** A problem in words, where it kept a message from being sent; Chert's own text is not made for reps. */
export function wordsForUnsent(problem: Problem): Words {
  if (problem.kind === "trouble") {
    return { title: wordsFor(problem).title, advice: "It is not known whether it was sent. Trying again sends it at most once." };
  }
  const { error, message } = problem.refusal;
  return { title: isAccountLimit(problem) ? capitalised(error) : "Not sent", advice: message === "" ? error : message };
}

/** What support needs to find a problem; empty when nothing identifies it. */
export function traceOf(problem: Problem): string {
  const trace = problem.kind === "refused" ? problem.refusal.trace_id : problem.traceId;
  return trace === null ? "" : `Trace ${trace}`;
}

/** A text with a capital at its beginning. */
export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
