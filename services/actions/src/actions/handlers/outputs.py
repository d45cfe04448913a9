"""The outputs of the workflow action: what an answer carries, and what completes a step (all values strings)."""

from collections.abc import Mapping

from actions.models import Accepted, Blocked, Outcome, Refused, Reply
from chassis.tracing import current_trace_id
from contracts.failures import REGISTRY, Code


def outputs(outcome: Outcome, *, duplicate: bool, reply: Reply | None = None) -> Mapping[str, str]:
    """What the workflow gets for a final outcome."""
    if isinstance(outcome, Refused):
        return _refused(outcome, duplicate=duplicate)
    return {**_sent(outcome, duplicate=duplicate), **_replied(reply)}


def blocked(block: Blocked) -> Mapping[str, str]:
    """What makes HubSpot hold the step."""
    return {"hs_execution_state": "BLOCK", "hs_expiration_duration": block.expiration}


def _sent(outcome: Accepted, *, duplicate: bool) -> dict[str, str]:
    return {
        "ok": "true",
        "message_id": outcome.message_id,
        "lead_id": outcome.lead_id or "",
        "lead_created": _flag(outcome.lead_created),
        "phone_line_id": outcome.phone_line_id or "",
        "duplicate": _flag(duplicate),
        "hs_execution_state": "SUCCESS",
    }


def _replied(reply: Reply | None) -> dict[str, str]:
    if reply is None:
        return {}
    at = "" if reply.at is None else reply.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"replied": _flag(reply.replied), "reply_text": reply.text, "replied_at": at}


def _refused(outcome: Refused, *, duplicate: bool) -> dict[str, str]:
    waits = outcome.retry_after_seconds
    return {
        "ok": "false",
        "error": outcome.error,
        "code": str(int(outcome.code)),
        "message": _explanation(outcome.code),
        "retryable": _flag(outcome.retryable),
        **({} if waits is None else {"retry_after": f"{waits:.0f}"}),
        "trace_id": current_trace_id(),
        "duplicate": _flag(duplicate),
        "hs_execution_state": "FAIL_CONTINUE",
    }


def _explanation(code: int) -> str:
    """The registry's words; Chert's own codes that we never answer with have none there."""
    return REGISTRY[Code(code)].message if code in REGISTRY else "The message was refused."


def _flag(value: bool) -> str:  # noqa: FBT001 - the value itself is what is told
    return "true" if value else "false"
