/** Time and chance, handed in so that a test can hold them. */

/** What the card needs of the world besides its server. */
export interface Runtime {
  /** The time now. */
  readonly now: () => Date;
  /** An id that no other page load makes. */
  readonly newId: () => string;
  /** Run something later; what comes back calls it off. */
  readonly after: (milliseconds: number, run: () => void) => () => void;
}

/** Whose times are shown: the reader's language, the account's time zone. */
export interface Place {
  readonly locale: string | undefined;
  readonly timeZone: string | undefined;
}
