"""What this service speaks of."""

from timeline.models.lanes import Breaker, Closing, DueLane, Lane, Lease, Spent, Work
from timeline.models.outside import MAX_BATCH, Candidate, Cursor, FaultPoint, Found, LogPage, Note, Retry, Written
from timeline.models.replies import (
    Conversation,
    Entry,
    EntryState,
    Intent,
    Intention,
    Received,
    Settlement,
    Shown,
    Standing,
    Withdrawal,
    without_content,
)

__all__ = [
    "MAX_BATCH",
    "Breaker",
    "Candidate",
    "Closing",
    "Conversation",
    "Cursor",
    "DueLane",
    "Entry",
    "EntryState",
    "FaultPoint",
    "Found",
    "Intent",
    "Intention",
    "Lane",
    "Lease",
    "LogPage",
    "Note",
    "Received",
    "Retry",
    "Settlement",
    "Shown",
    "Spent",
    "Standing",
    "Withdrawal",
    "Work",
    "Written",
    "without_content",
]
