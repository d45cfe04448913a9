"""What happens next to a reply that is not on its timeline, and when, in words for people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contracts.tenants import TenantSnapshot
from timeline.models import Entry, InboxView, LaneView


@dataclass(frozen=True, slots=True)
class Prospect:
    """The next thing that happens; `at` where a moment is known."""

    words: str | None
    at: datetime | None = None


NOTHING: Final = Prospect(None)
"""All is done."""

_WITHOUT_CONTACT: Final = (
    "no contact has this number: searched for again when a contact appears or changes its number, "
    "when the conversation is written to, and when the account is connected anew"
)

_LOOKED_FOR: Final = "looked for at HubSpot, for a write's end is not known"
_LOOKED_FOR_AGAIN: Final = "looked for at HubSpot again, alone, for an earlier look was cut off"


def of_row(row: InboxView) -> Prospect:
    """Of a message that no account has; nothing, when it was let go of."""
    if row.waits_for is not None:
        return Prospect("given to its account when one is connected to the project")
    if row.since is None:
        return NOTHING
    return Prospect(
        "given to its account behind older ones of its project, when that one's work list has room", row.since
    )


def of_entry(entry: Entry, tenant: TenantSnapshot | None, lane: LaneView | None) -> Prospect:
    """Of a reply that an account has: from its own document, its account and the account's lane."""
    if tenant is None or tenant.status != "active":
        return Prospect("written when the account is connected again to the same project")
    if tenant.paused:
        return Prospect("written when an operator resumes the account")
    if entry.state == "unmatched":
        return Prospect(_WITHOUT_CONTACT)
    if lane is not None and lane.breaker is not None:
        return Prospect(
            f"the account's breaker is open ({lane.breaker.reason}): one reply is tried then", lane.paused_until
        )
    if entry.intents:
        return Prospect(_LOOKED_FOR_AGAIN if entry.looks else _LOOKED_FOR, entry.due_at)
    return _of_healthy(entry, lane)


def _of_healthy(entry: Entry, lane: LaneView | None) -> Prospect:
    if entry.due_at is not None:
        return Prospect("tried again", entry.due_at)
    if lane is not None and lane.paused_until is not None:
        return Prospect("written when the account takes calls again", lane.paused_until)
    if lane is not None and lane.held:
        return Prospect(f"written in its turn: a process is at work on the account, {lane.pending} replies on its list")
    return Prospect("written as soon as a process takes up the account's lane, within seconds")
