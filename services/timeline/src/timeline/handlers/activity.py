"""Activity: the latest replies of an account, as an admin may see them: no texts, numbers masked."""

from datetime import datetime
from typing import Final

from contracts.internal import BreakerState, ReplyActivity, ReplyActivityPage, ReplyStatus
from timeline.models import Breaker, Entry, EntryState, Received, Shown
from timeline.ports import Breakers, EntryHistory

_SHOWN_DIGITS: Final = 4
_NO_TRACE: Final = "0" * 32

STATUS: Final[dict[EntryState, ReplyStatus]] = {
    "pending": "waiting",
    "unmatched": "unmatched",
    "recorded": "written",
    "failed": "failed",
    "superseded": "superseded",
    "erased": "erased",
    "expired": "expired",
}


async def read_activity(
    portal_id: int, since: datetime, limit: int, *, entries: EntryHistory, breakers: Breakers
) -> ReplyActivityPage:
    """The latest replies since a moment, newest first, and whether writing rests."""
    found = await entries.latest(portal_id, since, limit)
    return ReplyActivityPage(
        replies=tuple(_activity(shown) for shown in found if shown.entry.sent_to is None),
        breaker=_state(await breakers.breaker(portal_id)),
    )


def words(shown: Shown) -> str:
    """Why a reply is not on its timeline; empty where it is."""
    return "" if shown.entry.state == "recorded" else shown.reason or ""


def trace_id(entry: Entry | Received) -> str:
    """The trace that brought a reply; zeros where none is known."""
    return _NO_TRACE if entry.traceparent is None else entry.traceparent.split("-")[1]


def _activity(shown: Shown) -> ReplyActivity:
    entry = shown.entry
    return ReplyActivity(
        at=entry.message.received_at,
        project_id=entry.project_id,
        contact_id=shown.contact_id,
        phone=f"••• {entry.message.sender[-_SHOWN_DIGITS:]}",
        status=STATUS[entry.state],
        words=words(shown),
        trace_id=trace_id(entry),
    )


def _state(breaker: Breaker | None) -> BreakerState:
    if breaker is None:
        return BreakerState(open=False)
    return BreakerState(open=True, since=breaker.opened_at, words=breaker.reason)
