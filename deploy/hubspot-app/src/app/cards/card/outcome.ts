/** How a call can end. */

import type { Refusal } from "./answers.ts";

/** No usable answer came; whether the server did anything is not known. */
export interface Trouble {
  readonly kind: "trouble";
  /** `away`: nothing came in time. `failed`: the server had a fault. `unreadable`: it was no answer of ours. */
  readonly reason: "away" | "failed" | "unreadable";
  readonly traceId: string | null;
}

/** The server refused, in words. */
export interface Refused {
  readonly kind: "refused";
  readonly refusal: Refusal;
}

/** Why there is no answer. */
export type Problem = Refused | Trouble;

/** The end of a call. */
export type Outcome<T> = { readonly kind: "answer"; readonly value: T } | Problem;

/** This HubSpot account is not connected. */
const TENANT_NOT_FOUND = 2001;

/** The daily cap, or another limit of the Chert account. */
const ACCOUNT_LIMIT = 2008;

/** Whether the account is unknown or disconnected. */
export function isDisconnected(problem: Problem | null): boolean {
  return problem?.kind === "refused" && problem.refusal.code === TENANT_NOT_FOUND;
}

/** Whether the daily cap, or another limit of the Chert account, is reached. */
export function isAccountLimit(problem: Problem): boolean {
  return problem.kind === "refused" && problem.refusal.code === ACCOUNT_LIMIT;
}

/** Whether trying the same again can help. */
export function isWorthRetrying(problem: Problem): boolean {
  return problem.kind === "trouble" || problem.refusal.retryable || isAccountLimit(problem);
}
