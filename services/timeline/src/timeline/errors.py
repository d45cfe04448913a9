"""What can keep a reply off its timeline.

    TimelineError
    ├── AccountError              nothing was written, and the account as a whole has to wait
    │   ├── AccountInactiveError      it is not connected
    │   ├── AccountChangedError       it was connected anew, or left, since we last looked
    │   ├── AccountThrottledError     429, or 477 while it moves to another data centre
    │   │   └── BudgetSpentError          our own share of its limit is used up
    │   ├── AccountUnreachableError   HubSpot or `oauth` cannot be asked
    │   └── AccessRefusedError        401, or 403 for a scope
    ├── ReplyError                about one reply; the account's other replies go on
    │   ├── WriteUnknownError         it may have been written: reconcile before any retry
    │   ├── RecordLockedError         423: nothing was written, soon again
    │   ├── ContactGoneError          404: there is no such contact any more
    │   └── ReplyRefusedError         HubSpot understood and refused for good
    ├── ChertAwayError            Chert's event log cannot be read now
    ├── NotPurgedError            an account that `oauth` still keeps is not forgotten here
    └── LeaseSpentError           too little of the lease is left for one more call, or another holder came

An error's text names kinds and statuses alone, so it can be logged.
"""

from typing import Final


class TimelineError(Exception):
    """A reply is not on its timeline yet, or never will be."""


class AccountError(TimelineError):
    """Nothing was written, and the account as a whole has to wait.

    Attributes:
        retry_after_seconds: how long, when the other side says so.
    """

    def __init__(self, reason: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.retry_after_seconds = reason, retry_after_seconds


class AccountInactiveError(AccountError):
    """The account is not connected: its replies wait for it."""


class AccountChangedError(AccountError):
    """The account is not what the work began under: look again before anything is written."""


class AccountThrottledError(AccountError):
    """HubSpot wants fewer calls for this account, or none for a while."""


class BudgetSpentError(AccountThrottledError):
    """Our share of the account's limit is used up; `retry_after_seconds` says until when."""


class AccountUnreachableError(AccountError):
    """HubSpot or `oauth` cannot be asked now."""


class AccessRefusedError(AccountError):
    """HubSpot does not accept the access token, or misses a scope."""


class ReplyError(TimelineError):
    """One reply cannot be written now.

    Attributes:
        reason: what happened, fit for a log.
        words: HubSpot's own words, which may quote content: to be stored, never logged.
        retry_after_seconds: how long to wait, when HubSpot says so.
    """

    def __init__(self, reason: str, *, words: str = "", retry_after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.words, self.retry_after_seconds = reason, words, retry_after_seconds


class WriteUnknownError(ReplyError):
    """The write may have been carried out, now or a little later."""


class RecordLockedError(ReplyError):
    """HubSpot holds the record locked; nothing was written."""


class ContactGoneError(ReplyError):
    """The contact was deleted, or merged into another; nothing was written."""


class ReplyRefusedError(ReplyError):
    """HubSpot refused this reply for good; nothing was written."""


class ChertAwayError(TimelineError):
    """Chert's event log cannot be read now."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotPurgedError(TimelineError):
    """The account was not purged by `oauth`, as far as the projection knows; nothing of it is removed."""


class LeaseSpentError(TimelineError):
    """The lease has not enough time left for one more outside call, or it is another holder's by now."""


UNSENT: Final = (AccountChangedError, BudgetSpentError, LeaseSpentError)
"""What ends a call before it begins."""
