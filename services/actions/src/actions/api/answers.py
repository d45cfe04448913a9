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
    ClaimInProgressError,
    ContactGoneError,
    ContactUnreadableError,
    DifferentRequestError,
    HubSpotAwayError,
    HubSpotBusyError,
    KeyOutlivedError,
    NeverSentError,
    NotDeliveredError,
    OutOfTimeError,
    PostponedError,
    StoreAwayError,
    UnknownTenantError,
)
from actions.models import Accepted, Answer, Refused
from chassis.failures import RETRY_AFTER_SECONDS, Refusal
from chassis.tracing import current_trace_id
from contracts.failures import REGISTRY, Code

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
    ClaimInProgressError: "this send is in progress",
    OutOfTimeError: "this takes too long right now",
    KeyOutlivedError: "whether this was sent is not known yet",
    NotDeliveredError: "sending is not available right now",
}
"""Temporary faults, in words."""


class SentFields(BaseModel):
    """Outputs of a send that Chert accepted."""

    ok: Literal["true"] = "true"
    message_id: str
    lead_id: str
    lead_created: Flag
    phone_line_id: str
    duplicate: Flag
    hs_execution_state: Literal["SUCCESS"] = "SUCCESS"


class RefusedFields(BaseModel):
    """Outputs of a final refusal; the workflow goes on."""

    ok: Literal["false"] = "false"
    error: str
    code: str
    message: str
    retryable: Flag
    trace_id: str
    duplicate: Flag
    hs_execution_state: Literal["FAIL_CONTINUE"] = "FAIL_CONTINUE"


class ActionAnswer(BaseModel):
    """The answer to an execution request."""

    outputFields: SentFields | RefusedFields  # noqa: N815 - HubSpot's name


def answered(answer: Answer) -> ActionAnswer:
    """A final outcome."""
    if isinstance(answer.outcome, Refused):
        return refused(answer.outcome, duplicate=answer.duplicate)
    return ActionAnswer(outputFields=_sent(answer.outcome, duplicate=answer.duplicate))


def refused(outcome: Refused, *, duplicate: bool = False) -> ActionAnswer:
    """A final refusal."""
    return ActionAnswer(
        outputFields=RefusedFields(
            error=outcome.error,
            code=str(int(outcome.code)),
            message=_explanation(outcome.code),
            retryable="false",
            trace_id=current_trace_id(),
            duplicate=_flag(duplicate),
        )
    )


def postponed(error: PostponedError) -> Refusal:
    """A temporary fault, of ours or of what we depend on: the same request may come again."""
    return try_again(POSTPONED[type(error)], code=error.code, retry_after_seconds=error.retry_after_seconds)


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


def _sent(outcome: Accepted, *, duplicate: bool) -> SentFields:
    return SentFields(
        message_id=outcome.message_id,
        lead_id=outcome.lead_id or "",
        lead_created=_flag(outcome.lead_created),
        phone_line_id=outcome.phone_line_id or "",
        duplicate=_flag(duplicate),
    )


def _explanation(code: int) -> str:
    """The registry's words; Chert's own codes that we never answer with have none there."""
    return REGISTRY[Code(code)].message if code in REGISTRY else "The message was refused."


def _flag(value: bool) -> Flag:  # noqa: FBT001 - the value itself is what is told
    return "true" if value else "false"
