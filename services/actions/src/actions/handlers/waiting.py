"""What a step does when Chert cannot send now: wait until a moment, be refused, or leave it to the caller."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from actions.models import Accepted, Outgoing, Refused, Send, Step
from contracts.failures import Code

_PASSES: Final = frozenset({Code.LINES_SATURATED, Code.RATE_LIMITED})
"""What passes by itself: a line's gap or cap, a closed window, all lines in use, a rate."""

_CAPPED: Final = Code.ACCOUNT_LIMIT
"""The project's daily cap: refused as published, unless the workflow's author chose to wait."""

_AGAIN: Final = timedelta(hours=1)
"""When to try again where Chert does not say."""

LOOK_SOON: Final = timedelta(seconds=5)
"""When the conversation is read for a reply that came before anybody watched for one."""


def wait_until(send: Send, code: int, retry_after_seconds: float | None, now: datetime) -> datetime | None:
    """When a step is tried again; none when it is not to wait, or would wait too long."""
    step = send.step
    if step is None or step.if_not_now == "refuse":
        return None
    if code not in _PASSES and not (code == _CAPPED and step.if_not_now == "wait"):
        return None
    due = now + (_AGAIN if retry_after_seconds is None else timedelta(seconds=retry_after_seconds))
    return due if due <= send.claimed_at + timedelta(days=step.wait_days) else None


def is_refused_now(send: Send, code: int) -> bool:
    """Whether a "not now" ends this step; a rate passes within seconds, so it refuses nobody who would not wait."""
    step = send.step
    return step is not None and (code != Code.RATE_LIMITED or step.if_not_now != "refuse")


def refusal(code: int, told: str, retry_after_seconds: float | None) -> Refused:
    """Chert's "not now" as a final answer: its code, words and moment, passed on."""
    return Refused(
        code=code,
        error=told or "the message cannot be sent now",
        retryable=True,
        retry_after_seconds=retry_after_seconds,
    )


def parked(send: Send, due_at: datetime) -> Step | None:
    """The step of a send that waits to be sent."""
    if send.step is None:
        return None
    return Step(
        key=send.key,
        portal_id=send.portal_id,
        contact_id=send.contact_id,
        plan=send.step,
        state="parked",
        due_at=due_at,
        opened_at=send.claimed_at,
        chert_tenant=send.chert_tenant,
        phone_line_id=send.plan.phone_line_id if isinstance(send.plan, Outgoing) else None,
    )


def awaiting_reply(step: Step, outcome: Accepted, sent_at: datetime, now: datetime) -> Step | None:
    """The same step, sent, waiting for a reply in its chat; none when it is not to wait, or Chert named no chat."""
    if step.plan.reply_days is None or outcome.lead_id is None:
        return None
    return replace(
        step,
        state="awaiting_reply",
        chat_id=outcome.lead_id,
        sent_at=sent_at,
        outcome=outcome,
        due_at=now + LOOK_SOON,
    )
