"""What became of a created contact."""

from datetime import datetime

from actions.models import Answer, Creation, Refused, SettledCreation, SkipReason
from chassis.tracing import current_trace_id


def skipped(creation: Creation, reason: SkipReason, at: datetime) -> SettledCreation:
    """It gets no template."""
    return SettledCreation(
        key=creation.key,
        portal_id=creation.portal_id,
        status="skipped",
        reason=reason,
        at=at,
        trace_id=current_trace_id(),
    )


def answered(creation: Creation, answer: Answer, at: datetime) -> SettledCreation:
    """The send has its final answer."""
    return SettledCreation(
        key=creation.key,
        portal_id=creation.portal_id,
        status="refused" if isinstance(answer.outcome, Refused) else "sent",
        reason=None,
        at=at,
        trace_id=current_trace_id(),
    )
