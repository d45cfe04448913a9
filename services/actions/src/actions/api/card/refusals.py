"""Refusals as the card shows them: one table from errors to code and words."""

from collections.abc import Mapping
from typing import Final

from actions.api.admission import AccountBusyError
from actions.api.answers import NEVER_SENT
from actions.errors import (
    AuthorityAwayError,
    BusyError,
    CallbacksAwayError,
    ChertAwayError,
    ClaimInProgressError,
    HubSpotAwayError,
    HubSpotBusyError,
    InstallUnknownError,
    KeyOutlivedError,
    NeverSentError,
    NotDeliveredError,
    NotNowError,
    NotToldError,
    OutOfTimeError,
    PostponedError,
    StepParkedError,
    StoreAwayError,
    TenantPausedError,
)
from actions.handlers.words import words_for_rep
from actions.models import Refused
from chassis.failures import unavailable
from chassis.tracing import current_trace_id
from contracts.failures import Code, Failure

CardError = NeverSentError | PostponedError | AccountBusyError

OURS: Final[Mapping[type[CardError], str]] = {
    StoreAwayError: "the database",
    AuthorityAwayError: "the account service",
}
"""Faults of our own: a real 503."""

SHOWN: Final[Mapping[type[CardError], Refused]] = {
    HubSpotBusyError: Refused(code=Code.RATE_LIMITED, error="HubSpot is busy"),
    HubSpotAwayError: Refused(code=Code.UPSTREAM, error="HubSpot cannot be reached"),
    ChertAwayError: Refused(code=Code.UPSTREAM, error="Chert cannot be reached"),
    InstallUnknownError: Refused(code=Code.UNAVAILABLE, error="the account is not known yet"),
    TenantPausedError: Refused(code=Code.UNAVAILABLE, error="sending is paused for this account"),
    ClaimInProgressError: Refused(code=Code.UNAVAILABLE, error="this send is in progress"),
    OutOfTimeError: Refused(code=Code.UNAVAILABLE, error="this takes too long right now"),
    KeyOutlivedError: Refused(code=Code.UNAVAILABLE, error="whether this was sent is not known yet"),
    NotDeliveredError: Refused(code=Code.UNAVAILABLE, error="sending is not available right now"),
    NotToldError: Refused(code=Code.UNAVAILABLE, error="Chert does not tell right now"),
    BusyError: Refused(code=Code.RATE_LIMITED, error="too many sends of this account"),
    StepParkedError: Refused(code=Code.LINES_SATURATED, error="this waits until it can be sent"),
    CallbacksAwayError: Refused(code=Code.UPSTREAM, error="HubSpot cannot be told right now"),
    AccountBusyError: Refused(code=Code.RATE_LIMITED, error="too many requests of this account"),
}
"""What may be tried again, in words; `NotDeliveredError` has Chert's own code."""


def refused(outcome: Refused) -> Failure:
    """A final refusal."""
    return _failure(outcome, words_for_rep(outcome.code, outcome.error), retryable=False)


def failed(error: CardError) -> Failure:
    """What to show instead of an answer.

    Raises:
        Refusal: it is a fault of our own, 503.
    """
    if isinstance(error, NeverSentError):
        return refused(NEVER_SENT[type(error)])
    if type(error) in OURS:
        raise unavailable(OURS[type(error)]) from error
    shown = next(SHOWN[kind] for kind in type(error).__mro__ if kind in SHOWN)
    seconds = error.retry_after_seconds if isinstance(error, PostponedError) else None
    if isinstance(error, NotDeliveredError):
        told = error.told if isinstance(error, NotNowError) else ""
        shown = Refused(code=int(error.code), error=told or shown.error)
    return _failure(shown, words_for_rep(shown.code, shown.error, retry_after_seconds=seconds), retryable=True)


def _failure(outcome: Refused, words: str, *, retryable: bool) -> Failure:
    return Failure(
        error=outcome.error, code=outcome.code, message=words, retryable=retryable, trace_id=current_trace_id()
    )
