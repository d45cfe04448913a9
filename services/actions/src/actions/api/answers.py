"""What a workflow is answered (hubspot-contract.md, section 4.3; `architecture.md`, rule 6).

Final outcomes are HTTP 200 with the state inside `outputFields`, all values strings. What is temporary is 503, never a
4xx, which would lose the enrolment for good; its `Retry-After` is in milliseconds, as HubSpot reads it from actions.
"""

import math
from collections.abc import Mapping
from typing import Final, Literal

from pydantic import BaseModel

from actions.errors import (
    AuthorityAwayError,
    BusyError,
    CallbacksAwayError,
    ChertAwayError,
    ClaimInProgressError,
    ContactGoneError,
    ContactUnreadableError,
    DifferentRequestError,
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
    UnknownTenantError,
)
from actions.handlers.outputs import blocked, outputs
from actions.models import Answer, Blocked, Refused
from chassis.failures import RETRY_AFTER_SECONDS, Refusal
from contracts.failures import Code

Flag = Literal["true", "false"]

NEVER_SENT: Final[Mapping[type[NeverSentError], Refused]] = {
    UnknownTenantError: Refused(code=Code.TENANT_NOT_FOUND, error="unknown or inactive tenant"),
    DifferentRequestError: Refused(code=Code.WRONG_STATE, error="this execution came before with other content"),
    ContactGoneError: Refused(code=Code.NOT_FOUND, error="contact not found"),
    ContactUnreadableError: Refused(code=Code.NOT_CONNECTED, error="contact cannot be read"),
}
"""Final refusals that no send records."""

POSTPONED: Final[Mapping[type[PostponedError], str]] = {
    StoreAwayError: "storage is not available right now",
    AuthorityAwayError: "the account cannot be checked right now",
    HubSpotAwayError: "HubSpot cannot be reached right now",
    HubSpotBusyError: "HubSpot is busy right now",
    ChertAwayError: "Chert cannot be reached right now",
    InstallUnknownError: "the account is not known yet",
    TenantPausedError: "sending is paused for this account",
    ClaimInProgressError: "this send is in progress",
    OutOfTimeError: "this takes too long right now",
    KeyOutlivedError: "whether this was sent is not known yet",
    NotDeliveredError: "sending is not available right now",
    NotNowError: "sending is not possible right now",
    NotToldError: "whether there is a lead is not known right now",
    CallbacksAwayError: "HubSpot cannot be told right now",
    StepParkedError: "this waits until it can be sent",
    BusyError: "too many sends of this account are under way",
}
"""Temporary faults, in words."""


class SentFields(BaseModel):
    """Outputs of a send that Chert accepted; the last three when the step waited for a reply."""

    ok: Literal["true"] = "true"
    message_id: str
    lead_id: str
    lead_created: Flag
    phone_line_id: str
    duplicate: Flag
    replied: Flag | None = None
    reply_text: str | None = None
    replied_at: str | None = None
    hs_execution_state: Literal["SUCCESS"] = "SUCCESS"


class RefusedFields(BaseModel):
    """Outputs of a final refusal; the workflow goes on."""

    ok: Literal["false"] = "false"
    error: str
    code: str
    message: str
    retryable: Flag
    retry_after: str | None = None
    trace_id: str
    duplicate: Flag
    hs_execution_state: Literal["FAIL_CONTINUE"] = "FAIL_CONTINUE"


class BlockedFields(BaseModel):
    """The step waits until we complete it."""

    hs_execution_state: Literal["BLOCK"] = "BLOCK"
    hs_expiration_duration: str


class ActionAnswer(BaseModel):
    """The answer to an execution request."""

    outputFields: SentFields | RefusedFields | BlockedFields  # noqa: N815 - HubSpot's name


def answered(answer: Answer | Blocked) -> ActionAnswer:
    """A final outcome, or that the step waits."""
    if isinstance(answer, Blocked):
        return ActionAnswer.model_validate({"outputFields": blocked(answer)})
    told = outputs(answer.outcome, duplicate=answer.duplicate, reply=answer.reply)
    return ActionAnswer.model_validate({"outputFields": told})


def refused(outcome: Refused, *, duplicate: bool = False) -> ActionAnswer:
    """A final refusal."""
    return answered(Answer(outcome, duplicate))


def postponed(error: PostponedError) -> Refusal:
    """A temporary fault, of ours or of what we depend on: the same request may come again."""
    words = next(POSTPONED[kind] for kind in type(error).__mro__ if kind in POSTPONED)
    return try_again(words, code=error.code, retry_after_seconds=error.retry_after_seconds)


def try_again(
    words: str,
    *,
    code: Code = Code.UNAVAILABLE,
    retry_after_seconds: float | None = None,
    reason: str | None = None,
) -> Refusal:
    """503, with `Retry-After` in milliseconds."""
    seconds = RETRY_AFTER_SECONDS if retry_after_seconds is None else retry_after_seconds
    return Refusal(
        code,
        words,
        status=503,
        reason=reason,
        headers={"Retry-After": str(math.ceil(seconds * 1000))},
    )
