"""Everything that can go wrong with a call to HubSpot.

    HubSpotError                          retryable   a write may have happened
    ├── NoAnswerError
    │   ├── NotSentError                  yes         no     no connection, or no time left to open one
    │   └── AnswerLostError               yes         yes    timed out or broke off after sending began
    ├── MalformedAnswerError              yes         yes    not what the contract promises, or too large
    ├── ServerFaultError                  yes         yes    5xx
    ├── ThrottledError
    │   ├── RateLimitedError              yes         no     429
    │   ├── RecordLockedError             yes         no     423
    │   └── AccountMovingError            yes         no     477, moving to another data centre
    ├── JournalPageUnreadableError        yes         no     a page of the webhooks journal
    └── RefusedError
        ├── ValidationFailedError         no          no     400
        ├── AccessTokenExpiredError       yes         no     401; with a new access token
        ├── AccessTokenInvalidError       no          no     401
        ├── MissingScopesError            no          no     403
        ├── ForbiddenError                no          no     403
        ├── NotFoundError                 no          no     404
        ├── ConflictError                 no          no     409
        ├── UrlTooLongError               no          no     414
        ├── JournalOffsetLostError        no          no     404 or 410 for an offset of the webhooks journal
        ├── UnknownRefusalError           no          no     any other 4xx
        └── TokenRefusedError
            ├── AppRejectedError              no          no     our configuration, or a refusal nobody knows
            ├── CodeRejectedError             no          no     authorization code unknown, used or expired
            └── GrantRevokedError             no          no     the account revoked the grant or uninstalled the app

The statuses are those of hubspot-contract.md section 6, the token routes' refusals those of section 1.3.
"Retryable" says that the same call may succeed later; after "may have happened" a write is reconciled first.
An error's text names its kind, status, category and correlation id and nothing else, so it can be logged.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

_WINDOW_SECONDS: Final = 10.0
_LOCKED_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What an answer that is no success says about itself, as far as it can be read.

    `words` is HubSpot's own message. It may quote a property's value, so it is never logged.
    """

    status: int | None = None
    category: str | None = None
    correlation_id: str | None = None
    retry_after_seconds: float | None = None
    words: str = ""
    missing_scopes: tuple[str, ...] = ()


class HubSpotError(Exception):
    """A call to HubSpot did not end as it should."""

    retryable: ClassVar[bool]
    may_have_happened: ClassVar[bool]

    def __init__(self, refusal: Refusal | None = None) -> None:
        self.refusal = refusal or Refusal()
        super().__init__(self._summary())

    @property
    def status(self) -> int | None:
        """The HTTP status, when there was an answer."""
        return self.refusal.status

    @property
    def category(self) -> str | None:
        """HubSpot's machine-readable word for the error, for example `VALIDATION_ERROR`."""
        return self.refusal.category

    @property
    def correlation_id(self) -> str | None:
        """The id by which HubSpot's support finds the call."""
        return self.refusal.correlation_id

    @property
    def retry_after_seconds(self) -> float | None:
        """How long to wait before the next try, when HubSpot or its documentation says so."""
        return self.refusal.retry_after_seconds

    @property
    def words(self) -> str:
        """HubSpot's own message, which may quote what was sent: never to be logged."""
        return self.refusal.words

    def _summary(self) -> str:
        facts = {"status": self.status, "category": self.category, "correlation_id": self.correlation_id}
        told = " ".join(f"{name}={value}" for name, value in facts.items() if value is not None)
        return f"{type(self).__name__} {told}".rstrip()


class NoAnswerError(HubSpotError):
    """No answer arrived."""


class NotSentError(NoAnswerError):
    """The request never left: no connection could be made, or none was free in time."""

    retryable = True
    may_have_happened = False


class AnswerLostError(NoAnswerError):
    """The request may have arrived; its answer did not, or not within the call's budget."""

    retryable = True
    may_have_happened = True


class MalformedAnswerError(HubSpotError):
    """The answer is not what the contract promises: HTML, truncated JSON, a missing member, a redirect, too large."""

    retryable = True
    may_have_happened = True


class ServerFaultError(HubSpotError):
    """5xx, from HubSpot or its edge: transient, and silent about whether the write was carried out."""

    retryable = True
    may_have_happened = True


class ThrottledError(HubSpotError):
    """Not now; nothing was done."""

    retryable = True
    may_have_happened = False


class RateLimitedError(ThrottledError):
    """429: the account's limit is reached."""

    @property
    def retry_after_seconds(self) -> float:
        """How long to wait: what HubSpot says, else the ten seconds over which an OAuth app's calls are counted."""
        told = super().retry_after_seconds
        return _WINDOW_SECONDS if told is None else told


class RecordLockedError(ThrottledError):
    """423: the record is locked."""

    @property
    def retry_after_seconds(self) -> float:
        """How long to wait: at least the two seconds that HubSpot asks for."""
        return max(super().retry_after_seconds or 0.0, _LOCKED_SECONDS)


class AccountMovingError(ThrottledError):
    """477: the account is moving to another data centre, for up to a day."""


class JournalPageUnreadableError(HubSpotError):
    """A page of the webhooks journal is where HubSpot says, and cannot be had or understood.

    A new link may help. A caller that gives up on the page steps over it by `offset` and asks about every account.
    """

    retryable = True
    may_have_happened = False

    def __init__(self, refusal: Refusal | None = None, *, offset: str = "") -> None:
        self.offset = offset
        super().__init__(refusal)


class RefusedError(HubSpotError):
    """HubSpot understood and refused; nothing was done."""

    retryable = False
    may_have_happened = False


class ValidationFailedError(RefusedError):
    """400: a value breaks HubSpot's rules or the account's own."""


class AccessTokenExpiredError(RefusedError):
    """401 with category `EXPIRED_AUTHENTICATION`: worth one more try with a new access token."""

    retryable = True


class AccessTokenInvalidError(RefusedError):
    """401 of any other category: the access token is no good."""


class MissingScopesError(RefusedError):
    """403 with category `MISSING_SCOPES`: the account never granted what the call needs."""

    @property
    def required_scopes(self) -> tuple[str, ...]:
        """The scopes HubSpot asks for, as far as it names them."""
        return self.refusal.missing_scopes


class ForbiddenError(RefusedError):
    """403 of any other category."""


class NotFoundError(RefusedError):
    """404: no such record in this account."""


class ConflictError(RefusedError):
    """409: the record is in another state, or exists already."""


class UrlTooLongError(RefusedError):
    """414."""


class JournalOffsetLostError(RefusedError):
    """HubSpot no longer has, or never had, this offset of the webhooks journal: what it kept after it may be lost."""


class UnknownRefusalError(RefusedError):
    """A 4xx that HubSpot's documentation does not name."""


class TokenRefusedError(RefusedError):
    """A refusal of the OAuth token routes; `category` is HubSpot's `status`, else the RFC 6749 `error`."""


class AppRejectedError(TokenRefusedError):
    """Our own configuration is refused (client, redirect URI, scopes, grant type), or the refusal is unknown.

    It says nothing about the account: nobody is disconnected because of it.
    """


class CodeRejectedError(TokenRefusedError):
    """The authorization code or its PKCE verifier is unknown, used or expired: the install starts again."""


class GrantRevokedError(TokenRefusedError):
    """The refresh token is revoked, or the account is gone: it has uninstalled the app."""
