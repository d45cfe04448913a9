"""A HubSpot in memory that misbehaves on demand, and knows the truth about every communication."""

import re
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from chassis.clock import Clock
from timeline.errors import TimelineError
from timeline.models import Candidate, Note, Written

_LINK: Final = re.compile(r"</?a\b[^>]*>")


@dataclass(frozen=True, slots=True)
class Answer:
    """How one create ends.

    Attributes:
        error: what the caller learns; nothing means an id.
        written_after: when the communication appears, counted from the call; nothing means never.
    """

    error: TimelineError | None = None
    written_after: timedelta | None = timedelta(0)


@dataclass(frozen=True, slots=True)
class Record:
    """One communication, and from when on it is there."""

    id: str
    portal_id: int
    note: Note
    trace_id: str
    at: datetime


@dataclass
class InMemoryHubSpot:
    """Contacts by account and their timelines.

    `answers` are given to creates in turn, then all goes well; `trouble` is raised by every read and search while it
    is set; without `keeps_links` HubSpot removes the links from bodies.
    """

    clock: Clock
    answers: deque[Answer] = field(default_factory=deque)
    trouble: TimelineError | None = None
    keeps_links: bool = True
    contacts: dict[int, list[Candidate]] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    searches: list[str] = field(default_factory=list)
    reads: int = 0

    async def prepare(self, portal_id: int) -> None:  # noqa: ARG002 - every account's token is at hand
        """Have the access token at hand."""
        self._maybe_fail()

    async def create(self, portal_id: int, note: Note, *, trace_id: str) -> str:
        """Write a note, or what the next answer says."""
        answer = self.answers.popleft() if self.answers else Answer()
        communication_id = str(5000 + len(self.records))
        if answer.written_after is not None:
            at = self.clock.now() + answer.written_after
            self.records.append(Record(communication_id, portal_id, note, trace_id, at))
        if answer.error is not None:
            raise answer.error
        return communication_id

    async def written(self, portal_id: int, contact_id: str) -> AsyncIterator[Written]:
        """The contact's communications that are there by now."""
        self.reads += 1
        self._maybe_fail()
        for record in self.timeline(portal_id, contact_id):
            yield Written(record.id, self.rewrite(record.note.body), record.note.timestamp)

    async def by_phone(self, portal_id: int, national_number: str) -> Sequence[Candidate]:
        """Contacts one of whose numbers ends with this one, whatever its country."""
        self.searches.append(national_number)
        self._maybe_fail()
        return [one for one in self.contacts.get(portal_id, ()) if _has(one, national_number)]

    def timeline(self, portal_id: int, contact_id: str) -> list[Record]:
        """What a rep sees on a contact's timeline now."""
        now = self.clock.now()
        return [
            record
            for record in self.records
            if (record.portal_id, record.note.contact_id) == (portal_id, contact_id) and record.at <= now
        ]

    def rewrite(self, body: str) -> str:
        """HubSpot's own markup for the same text."""
        if not self.keeps_links:
            body = _LINK.sub("", body)
        return f'<div style="">{body.replace("<p>", "<p style=&quot;margin:0;&quot;>")}</div>'

    def _maybe_fail(self) -> None:
        if self.trouble is not None:
            raise self.trouble


def _has(candidate: Candidate, national_number: str) -> bool:
    digits = ("".join(filter(str.isdigit, number)) for number in candidate.numbers)
    return any(number.endswith(national_number) for number in digits)
