"""What HubSpot and Chert take and give, and the places where a crash hurts most."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from contracts.messages import MessageReceived

MAX_BATCH: Final = 100
"""The most inputs HubSpot takes in one batch (hubspot-contract.md, section 5.2)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A contact that a search found, with its numbers as they are written there."""

    contact_id: str
    numbers: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search for phone numbers found; `whole` unless there is more than one answer can carry."""

    candidates: Sequence[Candidate]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Note:
    """A reply as it goes to HubSpot: rich text, already escaped, and its place on the contact's timeline."""

    contact_id: str
    body: str = field(repr=False)
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class Written:
    """A communication on a contact's timeline as HubSpot has it; `body` may have been rewritten."""

    id: str
    contact_id: str
    body: str = field(repr=False)
    timestamp: datetime | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Up to when a project's event log at Chert is known."""

    chert_tenant: str
    read_until: datetime


@dataclass(frozen=True, slots=True)
class LogPage:
    """Inbound messages of Chert's event log; without `next_cursor` the last. `last_at` is of its last row, if any."""

    messages: Sequence[MessageReceived]
    next_cursor: str | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Retry:
    """An account whose unmatched replies are to be tried again, for its contacts changed; the last time at `until`."""

    portal_id: int
    due_at: datetime
    until: datetime


class FaultPoint(StrEnum):
    """Places where a crash hurts most, by name."""

    AFTER_INBOX_INSERT = "after_inbox_insert_before_commit"
    AFTER_ENTRIES = "after_entries_before_list"
    AFTER_LIST = "after_list_before_commit"
    AFTER_INTENT = "after_intent_before_write"
    AFTER_WRITE = "after_write_before_record"
    AFTER_OWN = "after_own_before_record"
    AFTER_RECORD = "after_record"
    AFTER_LOOK = "after_look_before_finding"
