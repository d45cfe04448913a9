/** How often to look for news: often while something happens, seldom while nothing does or nothing answers. */

import type { Problem } from "./outcome.ts";

/** Between two loads while the conversation is lively. */
export const LIVELY_MILLISECONDS = 5_000;
/** The longest pause while nothing new comes. */
export const IDLE_MILLISECONDS = 60_000;
/** The longest pause while nothing answers. */
export const FAILING_MILLISECONDS = 120_000;

/** The pause before the next load: one and a half times the last without news, twice the last after a failure. */
export function nextPause(last: number, end: "news" | "nothing new" | Problem): number {
  if (end === "news") {
    return LIVELY_MILLISECONDS;
  }
  if (end === "nothing new") {
    return Math.min(last * 1.5, IDLE_MILLISECONDS);
  }
  return Math.max(Math.min(last * 2, FAILING_MILLISECONDS), asked(end));
}

/** What the server asked us to wait, in milliseconds. */
function asked(problem: Problem): number {
  return problem.kind === "refused" ? (problem.refusal.retry_after ?? 0) * 1_000 : 0;
}
