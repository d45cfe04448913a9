"""What can keep a request from being answered with a stored outcome.

```text
ActionsError
├── UnauthenticRequestError     the signature; `reason` says how
├── UnsendableError             final: no message can be made of this request; stored as the send's answer
├── NeverSentError              final, and not stored
│   ├── UnknownTenantError      the account is not connected, and `oauth` confirmed it
│   ├── DifferentRequestError   the claim belongs to a request with other content
│   ├── ContactGoneError        there is no such contact in this account
│   └── ContactUnreadableError  HubSpot will not show contacts of this account
├── NotPurgedError              an account that `oauth` still keeps is not forgotten here
└── PostponedError              temporary: nothing final is known, the same request may come again
    ├── StoreAwayError          our own database does not answer
    ├── AuthorityAwayError      `oauth` cannot be asked
    ├── HubSpotAwayError        HubSpot cannot be asked
    ├── HubSpotBusyError        HubSpot wants fewer calls for this account
    ├── ChertAwayError          Chert cannot be asked
    ├── InstallUnknownError     the projection does not know this install yet
    ├── TenantPausedError       an operator paused the account
    ├── ClaimInProgressError    another call is at work on this send
    ├── OutOfTimeError          what is left of the deadline is not enough to go on
    ├── KeyOutlivedError        Chert may have forgotten the key of an attempt whose end is unknown
    ├── BusyError               too much of the same kind is under way
    ├── NotToldError            Chert does not tell what was sent, or whether there is a lead
    │   └── NotServedError      and never will: it has no such route
    ├── CallbacksAwayError      HubSpot cannot be told how a step ended
    ├── StepParkedError         Chert cannot send now; the step waits, and its schedule is kept
    └── NotDeliveredError       Chert did not take the message, or did not say
        └── NotNowError         Chert says that it can later; nothing was sent
```
"""

from datetime import datetime

from contracts.failures import Code


class ActionsError(Exception):
    """Base of this service's own errors."""


class UnauthenticRequestError(ActionsError):
    """The request does not prove that HubSpot sent it.

    Attributes:
        reason: `missing_signature`, `missing_timestamp`, `malformed_…`, `bad_signature` or `stale`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnsendableError(ActionsError):
    """No message can be made of this request, now or later.

    Attributes:
        code: why, in the registry.
        words: the same for a person; without content of the message.
    """

    def __init__(self, code: Code, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words


class NotPurgedError(ActionsError):
    """The account was not purged by `oauth`, as far as the projection knows; nothing of it is removed."""


class NeverSentError(ActionsError):
    """The request is refused for good, and no send is recorded for it."""


class UnknownTenantError(NeverSentError):
    """The account is not connected."""


class DifferentRequestError(NeverSentError):
    """The same key came before with other content."""


class ContactGoneError(NeverSentError):
    """There is no such contact in this account: deleted, merged, or never was."""


class ContactUnreadableError(NeverSentError):
    """HubSpot refuses to show contacts of this account: a scope is missing."""


class PostponedError(ActionsError):
    """Not now.

    Attributes:
        retry_after_seconds: when it may be worth another try, if that is known.
        code: in the registry.
        may_have_happened: whether a message may be on its way all the same.
    """

    may_have_happened = False

    def __init__(
        self, words: str = "", *, retry_after_seconds: float | None = None, code: Code = Code.UNAVAILABLE
    ) -> None:
        super().__init__(words)
        self.retry_after_seconds, self.code = retry_after_seconds, code


class StoreAwayError(PostponedError):
    """Our own database does not answer."""


class AuthorityAwayError(PostponedError):
    """`oauth` cannot be asked."""


class HubSpotAwayError(PostponedError):
    """HubSpot cannot be asked."""


class HubSpotBusyError(PostponedError):
    """HubSpot wants fewer calls for this account."""


class ChertAwayError(PostponedError):
    """Chert cannot be asked."""


class InstallUnknownError(PostponedError):
    """The projection does not know this install yet."""


class TenantPausedError(PostponedError):
    """An operator paused the account: nothing is sent for it until it is resumed."""


class ClaimInProgressError(PostponedError):
    """Another call is at work on this send."""


class OutOfTimeError(PostponedError):
    """What is left of the deadline is not enough to go on."""


class KeyOutlivedError(PostponedError):
    """An earlier attempt's end is unknown, and Chert may have forgotten its key: another try could send twice."""


class NotDeliveredError(PostponedError):
    """Chert did not take the message, or did not say; `may_have_happened` tells the two apart."""

    def __init__(
        self, words: str, *, may_have_happened: bool, retry_after_seconds: float | None = None, code: Code
    ) -> None:
        super().__init__(words, retry_after_seconds=retry_after_seconds, code=code)
        self.may_have_happened = may_have_happened


class NotNowError(NotDeliveredError):
    """A gap, a cap, a closed window or a rate: nothing was sent, and the same message can go out later.

    Attributes:
        told: Chert's words.
    """

    def __init__(self, told: str, *, retry_after_seconds: float | None, code: Code) -> None:
        super().__init__("not now", may_have_happened=False, retry_after_seconds=retry_after_seconds, code=code)
        self.told = told


class BusyError(PostponedError):
    """Too much of the same kind is under way."""


class NotToldError(PostponedError):
    """Chert does not tell, or cannot be asked now."""


class NotServedError(NotToldError):
    """Chert serves no route that would tell, or shows too little of a conversation."""


class CallbacksAwayError(PostponedError):
    """HubSpot cannot be told now how a step ended."""


class StepParkedError(PostponedError):
    """Chert cannot send now, and the workflow's step waits.

    Attributes:
        due_at: when it is tried again.
    """

    def __init__(self, due_at: datetime, *, code: Code) -> None:
        super().__init__("the step waits", code=code)
        self.due_at = due_at
