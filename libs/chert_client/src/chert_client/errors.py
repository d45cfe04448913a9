"""Everything that can go wrong with a call to Chert's Messaging API.

    ChertError                          a send may have happened
    ├── NoAnswerError
    │   ├── NotSentError                no     no connection, or no time left to open one
    │   └── AnswerLostError             yes    timed out or broke off after sending began
    ├── MalformedAnswerError            yes    not what the contract promises, or too large
    ├── ServerFaultError                yes    3001, 3002, 3004, 4001, and any other 5xx
    ├── ThrottledError
    │   ├── RateLimitedError            no     1007, or 429
    │   └── LinesSaturatedError         no     4002
    └── RefusedError
        ├── InvalidRequestError         no     1001 to 1006, 1008 to 1010, 2006, 4098, 4099, 5002 to 5004
        ├── ConflictError               no     1011, 1012
        ├── NoUsablePhoneError          no     1013
        ├── CredentialRejectedError     no     2004, 2012, 2013
        ├── ForbiddenError              no     2005, 2007, 2010, 2014
        ├── AccountLimitError           no     2008
        ├── NotFoundError               no     2001, 2002, 2003, 2011, 5001
        ├── NotConfiguredError          no     3003
        └── UnknownRefusalError         no     any other 4xx

The kind follows the code, for a route may choose another status (chert-contract.md sections 13.3 and 13.4).
Whether to try again is no matter of the kind: `retryable` is what Chert said, else what its registry says.
An error's text names its kind, status, code and trace id and nothing else, so it can be logged.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What an answer that is no success says about itself, as far as it can be read.

    `words` is Chert's own message. It may quote what was sent, so it is never logged.
    """

    status: int | None = None
    code: int | None = None
    retryable: bool | None = None
    retry_after_seconds: float | None = None
    trace_id: str | None = None
    words: str = ""
    failure: str | None = None
    """Without an answer: what kind of failure there was instead."""


class ChertError(Exception):
    """A call to Chert did not end as it should."""

    may_have_happened: ClassVar[bool]
    _usually_retryable: ClassVar[bool]

    def __init__(self, refusal: Refusal | None = None) -> None:
        self.refusal = refusal or Refusal()
        super().__init__(self._summary())

    @property
    def status(self) -> int | None:
        """The HTTP status, when there was an answer."""
        return self.refusal.status

    @property
    def code(self) -> int | None:
        """The registry's number; the part of a refusal that is stable."""
        return self.refusal.code

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later: Chert's own flag, else the registry's default."""
        told = self.refusal.retryable
        return self._usually_retryable if told is None else told

    @property
    def retry_after_seconds(self) -> float | None:
        """How long to wait before the next try, when Chert says so."""
        return self.refusal.retry_after_seconds

    @property
    def trace_id(self) -> str | None:
        """The id by which Chert's support finds the call."""
        return self.refusal.trace_id

    @property
    def words(self) -> str:
        """Chert's own message, which may quote what was sent: never to be logged."""
        return self.refusal.words

    def _summary(self) -> str:
        refusal = self.refusal
        facts = {
            "status": refusal.status,
            "code": refusal.code,
            "failure": refusal.failure,
            "trace_id": refusal.trace_id,
        }
        told = " ".join(f"{name}={value}" for name, value in facts.items() if value is not None)
        return f"{type(self).__name__} {told}".rstrip()


class NoAnswerError(ChertError):
    """No answer arrived."""

    _usually_retryable = True


class NotSentError(NoAnswerError):
    """The request never left: no connection could be made, or none was free in time."""

    may_have_happened = False


class AnswerLostError(NoAnswerError):
    """The request may have arrived; its answer did not, or not within the call's budget."""

    may_have_happened = True


class MalformedAnswerError(ChertError):
    """The answer is not what the contract promises: HTML, truncated JSON, a missing member, a redirect, too large."""

    may_have_happened = True
    _usually_retryable = True


class ServerFaultError(ChertError):
    """Chert or what it sends through is at fault, and silent about whether the message went out."""

    may_have_happened = True
    _usually_retryable = True


class ThrottledError(ChertError):
    """Not now; nothing was sent."""

    may_have_happened = False
    _usually_retryable = True


class RateLimitedError(ThrottledError):
    """1007: too many calls."""


class LinesSaturatedError(ThrottledError):
    """4002: every line has used up its capacity."""


class RefusedError(ChertError):
    """Chert understood and refused; nothing was sent."""

    may_have_happened = False
    _usually_retryable = False


class InvalidRequestError(RefusedError):
    """A value is missing, malformed or not supported; `code` says which rule it breaks."""


class ConflictError(RefusedError):
    """1011, 1012: a resource is of another type or in another state, such as a key used for another body."""


class NoUsablePhoneError(RefusedError):
    """1013: the contact has no usable phone number."""


class CredentialRejectedError(RefusedError):
    """2004, 2012, 2013: our signature is missing, wrong or outside the time window."""


class ForbiddenError(RefusedError):
    """2005, 2007, 2010, 2014: the tenant is suspended or lacks a right."""


class AccountLimitError(RefusedError):
    """2008: the account's limit is reached."""


class NotFoundError(RefusedError):
    """2001, 2002, 2003, 2011, 5001: no such tenant, chat, message, attachment or other resource."""


class NotConfiguredError(RefusedError):
    """3003: something is missing on Chert's side, and trying again does not bring it."""


class UnknownRefusalError(RefusedError):
    """A refusal whose code the registry does not list."""
