"""A HubSpot in memory that misbehaves on demand, and knows the truth about every communication."""

import re
from collections import deque
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from chassis.clock import Clock
from timeline.errors import AccountChangedError, TimelineError
from timeline.models import Candidate, Found, Note, Written
from timeline.ports import CallMeter, Unread

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


class Unmetered:
    """Nobody counts calls."""

    def called(self, portal_id: int) -> None:
        """Not counted."""

    def searched(self, portal_id: int) -> None:
        """Not counted."""

    def told(self, portal_id: int, maximum: int, remaining: int) -> None:
        """Not kept."""


@dataclass
class InMemoryHubSpot:
    """Contacts by account and their timelines.

    `answers` are given to creates in turn, one to each note of a batch, then all goes well; `batch_answers` come before
    them, to batches as a whole. `trouble` is raised by every read and search while it is set; without `keeps_links`
    HubSpot removes the links from bodies. `creates` has the size of each create; a search gives at most a `page`.
    `installed` has the generation by which an account is connected, where that matters.
    """

    clock: Clock
    answers: deque[Answer] = field(default_factory=deque)
    trouble: TimelineError | None = None
    keeps_links: bool = True
    contacts: dict[int, list[Candidate]] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    searches: list[tuple[str, ...]] = field(default_factory=list)
    creates: list[int] = field(default_factory=list)
    batch_answers: deque[Answer] = field(default_factory=deque)
    deleted: set[str] = field(default_factory=set)
    merged: dict[str, str] = field(default_factory=dict)
    meter: CallMeter = field(default_factory=Unmetered)
    page: int = 200
    reads: int = 0
    bodies_read: int = 0
    installed: dict[int, int] = field(default_factory=dict)
    under: dict[int, int] = field(default_factory=dict)

    def work_under(self, portal_id: int, generation: int) -> None:
        """From here on an account is called under this install of it alone."""
        self.under[portal_id] = generation

    async def prepare(self, portal_id: int) -> None:
        """Have the access token at hand."""
        self._maybe_fail()
        self._require_install(portal_id)

    async def create(self, portal_id: int, note: Note, *, trace_id: str) -> str:
        """Write a note, or what the next answer says."""
        self._require_install(portal_id)
        self.creates.append(1)
        self.meter.called(portal_id)
        return self._create(portal_id, note, trace_id)

    async def create_batch(self, portal_id: int, notes: Mapping[str, Note]) -> Mapping[str, str | TimelineError]:
        """Write notes, each by an answer of its own; the batch as a whole goes as `batch_answers` say."""
        self._require_install(portal_id)
        self.creates.append(len(notes))
        self.meter.called(portal_id)
        if self.batch_answers:
            whole = self.batch_answers.popleft()
            for trace_id, note in notes.items() if whole.written_after is not None else ():
                self.records.append(self._record(portal_id, note, trace_id, whole.written_after or timedelta(0)))
            if whole.error is not None:
                raise whole.error
        results: dict[str, str | TimelineError] = {}
        for trace_id, note in notes.items():
            try:
                results[trace_id] = self._create(portal_id, note, trace_id)
            except TimelineError as error:
                results[trace_id] = error
        return results

    async def whereabouts(self, portal_id: int, contact_id: str) -> str | None:  # noqa: ARG002 - ids are unique
        """The contact itself, or the one it was merged into, unless somebody took it away."""
        self._maybe_fail()
        return None if contact_id in self.deleted else self.merged.get(contact_id, contact_id)

    def merge(self, portal_id: int, contact_id: str, into: str) -> None:
        """One contact becomes another, with all that is on its timeline."""
        self.merged[contact_id] = into
        self.contacts[portal_id] = [one for one in self.contacts[portal_id] if one.contact_id != contact_id]
        self.records = [
            replace(record, note=replace(record.note, contact_id=into))
            if record.note.contact_id == contact_id
            else record
            for record in self.records
        ]

    def _create(self, portal_id: int, note: Note, trace_id: str) -> str:
        answer = self.answers.popleft() if self.answers else Answer()
        record = self._record(portal_id, note, trace_id, answer.written_after or timedelta(0))
        if answer.written_after is not None:
            self.records.append(record)
        if answer.error is not None:
            raise answer.error
        return record.id

    def _record(self, portal_id: int, note: Note, trace_id: str, after: timedelta) -> Record:
        return Record(str(5000 + len(self.records)), portal_id, note, trace_id, self.clock.now() + after)

    async def written(self, portal_id: int, contact_ids: Collection[str], unread: Unread) -> AsyncIterator[Written]:
        """The contacts' communications that are there by now, as far as unread; `bodies_read` counts those."""
        self.reads += 1
        self.meter.called(portal_id)
        self._maybe_fail()
        found = [(one, record) for one in contact_ids for record in self.timeline(portal_id, one)]
        wanted = await unread({record.id: [one] for one, record in found})
        self.bodies_read += len(wanted)
        for contact_id, record in found:
            if record.id in wanted:
                yield Written(record.id, contact_id, self.rewrite(record.note.body), record.note.timestamp)

    async def by_phones(self, portal_id: int, national_numbers: Collection[str]) -> Found:
        """Contacts one of whose numbers ends with one of these, whatever its country."""
        self.searches.append(tuple(national_numbers))
        self.meter.searched(portal_id)
        self._maybe_fail()
        found = [one for one in self.contacts.get(portal_id, ()) if _has(one, national_numbers)]
        return Found(found[: self.page], whole=len(found) <= self.page)

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

    def _require_install(self, portal_id: int) -> None:
        under = self.under.get(portal_id)
        if under is not None and self.installed.get(portal_id, under) != under:
            raise AccountChangedError("another install")

    def _maybe_fail(self) -> None:
        if self.trouble is not None:
            raise self.trouble


def _has(candidate: Candidate, national_numbers: Collection[str]) -> bool:
    digits = ("".join(filter(str.isdigit, number)) for number in candidate.numbers)
    return any(number.endswith(tuple(national_numbers)) for number in digits)
