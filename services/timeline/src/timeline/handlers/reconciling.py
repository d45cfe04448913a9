"""Finding out what became of writes whose end is not known, before anything is written again.

HubSpot has no idempotency key, so the contact's communications are read and the reply is looked for among them: once,
when it must be there if it was written at all. If it is found, it is adopted; if not, it was never written.

A look is one read of associations and, if any of them is not known to be another reply's, one read of those. It is had
again only if a process dies, or the account fails, before what it found is noted down.

A look is noted down before it is had. One that was begun and never ended may be what its process died of, so it does
not meet the next process first: it waits, longer each time, and is had alone, after looks that nothing is held against.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from chassis.clock import Clock
from timeline.handlers import bodies
from timeline.handlers.budget import Budget
from timeline.handlers.leases import CALL_SECONDS, require_call_time
from timeline.handlers.outcomes import Outcomes, Step, Target
from timeline.models import Entry, FaultPoint, Lease, Withdrawal, Written
from timeline.ports import Communications, FaultPoints, IntentLog, Timeline

LATE_COMMIT: Final = timedelta(seconds=60)
"""How long after its arrival a write may still be carried out (`architecture.md`, section 4, timeline)."""

READ_LAG: Final = timedelta(seconds=5)
"""How long a write that was carried out may stay invisible to a read by association."""

_LOOKED_FOR: Final = 20
"""How many replies with an unknown end are looked for together: what is not found is written before a lease ends."""

_MAY_HAPPEN: Final = "may still be carried out"
_CUT_OFF: Final = "a look for it was begun and never ended"

_REST: Final = timedelta(seconds=60)
"""How long a reply rests whose look was cut off, as does any that made us stumble; each time after that takes twice as
long."""

_LONGEST: Final = 4
"""The longest rest, in such rests."""

_ASKED_TOGETHER: Final = 5
"""How many contacts are asked for at once; what is known then is noted down before the next are."""

SETTLED_AFTER: Final = timedelta(seconds=CALL_SECONDS) + LATE_COMMIT + READ_LAG
"""When an intent that is not found was never carried out: the call may begin a whole call's budget after the intent."""


Places = Mapping[str, Collection[str]]
"""By entry, the contacts that it may have been written to."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look came to.

    Attributes:
        found: where entries lie, by their ids.
        there: contacts that have communications under their own id, so that they were not merged into others.
    """

    found: Mapping[str, Target]
    there: frozenset[str] = frozenset()


class Reconciler:
    """Settles what earlier writes left open."""

    def __init__(
        self,
        *,
        intents: IntentLog,
        communications: Communications,
        timeline: Timeline,
        outcomes: Outcomes,
        budget: Budget,
        faults: FaultPoints,
        clock: Clock,
        public_base_url: str,
    ) -> None:
        self._intents, self._communications = intents, communications
        self._timeline, self._outcomes, self._faults = timeline, outcomes, faults
        self._budget, self._clock, self._public_base_url = budget, clock, public_base_url

    async def settle(self, entries: Sequence[Entry], lease: Lease) -> Mapping[str, Step]:
        """Look for entries together: adopt what is found, or wait. Of those left out no write can have happened.

        Raises:
            AccountError: the account's communications cannot be read now.
            ReplyRefusedError: HubSpot will not show them.
            LeaseSpentError: nothing more may be begun under this lease.
        """
        asked_at = self._clock.now()
        early = [entry for entry in entries if asked_at < _settled_at(entry)]
        late = [entry for entry in entries if asked_at >= _settled_at(entry)]
        cut_off = [entry for entry in late if entry.looks and entry.due_at is None]
        return {
            **await self._wait(early, _settled_at, _MAY_HAPPEN),
            **await self._wait(cut_off, lambda entry: asked_at + _rest(entry.looks), _CUT_OFF),
            **await self._look_for([entry for entry in late if entry not in cut_off], lease),
        }

    async def _wait(
        self, entries: Sequence[Entry], until: Callable[[Entry], datetime], reason: str
    ) -> Mapping[str, Step]:
        """Leave them alone, each until its moment."""
        by_moment: dict[datetime, list[Entry]] = defaultdict(list)
        for entry in entries:
            by_moment[until(entry)].append(entry)
        for moment, group in by_moment.items():
            await self._outcomes.wait(group, moment, reason)
        return {entry.id: self._outcomes.waiting(entry, until(entry), reason) for entry in entries}

    async def _look_for(self, entries: Sequence[Entry], lease: Lease) -> Mapping[str, Step]:
        """A look, which is noted down; if the account fails it has ended, if the process dies it has not."""
        if not entries:
            return {}
        self._require_call(lease)
        await self._intents.begin_look([entry.id for entry in entries])
        try:
            return await self._found(entries, lease)
        except Exception:
            await self._intents.end_look([entry.id for entry in entries])
            raise

    async def _found(self, entries: Sequence[Entry], lease: Lease) -> Mapping[str, Step]:
        """The look; what is not found was never written, and its intents go."""
        places = _places(entries)
        look = await self._look(entries, places, lease)
        await self._faults.reach(FaultPoint.AFTER_LOOK)
        steps = await self._adopted(look.found)
        left = [entry for entry in entries if entry.id not in steps]
        unsure = [entry for entry in left if not look.there.issuperset(places[entry.id])]
        await self._never_written([entry for entry in left if entry not in unsure])
        for start in range(0, len(unsure), _ASKED_TOGETHER):
            steps |= await self._look_elsewhere(unsure[start : start + _ASKED_TOGETHER], places, lease)
        return steps

    async def _look_elsewhere(self, entries: Sequence[Entry], places: Places, lease: Lease) -> dict[str, Step]:
        """The look where contacts may have been merged into others: at those."""
        self._require_call(lease)
        moved = await self._moved(entries, places)
        look = await self._look([entry for entry in entries if moved[entry.id]], moved, lease)
        await self._never_written([entry for entry in entries if entry.id not in look.found])
        return await self._adopted(look.found)

    async def _moved(self, entries: Sequence[Entry], places: Places) -> Places:
        """Which contacts have what was on the timelines of those that are gone."""
        asked = [(entry, contact_id) for entry in entries for contact_id in places[entry.id]]
        now_at = await asyncio.gather(*(self._timeline.whereabouts(entry.portal_id, one) for entry, one in asked))
        moved: dict[str, set[str]] = {entry.id: set() for entry in entries}
        for (entry, contact_id), place in zip(asked, now_at, strict=True):
            if place is not None and place != contact_id:
                moved[entry.id].add(place)
        return moved

    async def _never_written(self, entries: Sequence[Entry]) -> None:
        await self._intents.withdraw([Withdrawal(one.id, intent.fence) for one in entries for intent in one.intents])

    async def _adopted(self, found: Mapping[str, Target]) -> dict[str, Step]:
        return dict.fromkeys(found, await self._outcomes.adopted(list(found.values()))) if found else {}

    async def _look(self, entries: Sequence[Entry], places: Places, lease: Lease) -> Look:
        """Look for entries among the communications of these contacts, each of which is no other entry's."""
        if not entries:
            return Look({})
        self._require_call(lease)
        matched = await self._matched(entries, places, lease)
        of_others = await self._communications.own(
            lease.portal_id, {target.communication_id: entry_id for entry_id, target in matched.found.items()}
        )
        found = {key: target for key, target in matched.found.items() if target.communication_id not in of_others}
        again = await self._look([entry for entry in entries if of_others and entry.id not in found], places, lease)
        return Look({**found, **again.found}, matched.there | again.there)

    async def _matched(self, entries: Sequence[Entry], places: Places, lease: Lease) -> Look:
        """The first communication that is the same as each entry, one for each, and that no other is known to own."""
        missing = {entry.id: entry for entry in entries}
        matched: dict[str, Target] = {}
        owners: dict[str, str] = {}
        there: set[str] = set()

        async def unread(records: Mapping[str, Collection[str]]) -> Collection[str]:
            there.update(*records.values())
            owners.update(await self._communications.owners(lease.portal_id, records))
            return [record for record in records if record not in owners or owners[record] in missing]

        contact_ids = {contact_id for entry in entries for contact_id in places[entry.id]}
        async for written in self._timeline.written(lease.portal_id, sorted(contact_ids), unread):
            own = (one for one in missing.values() if owners.get(written.id, one.id) == one.id)
            near = (one for one in own if written.contact_id in places[one.id])
            entry = next((one for one in near if self._is_same(one, written)), None)
            if entry is not None:
                owners[written.id] = entry.id
                matched[entry.id] = Target(missing.pop(entry.id), written.contact_id, written.id)
            if not missing:
                break
        return Look(matched, frozenset(there))

    def _is_same(self, entry: Entry, written: Written) -> bool:
        body = bodies.render(entry.message, self._public_base_url, sent=entry.sent_to is not None)
        return bodies.is_same(entry.message, body, written)

    def _require_call(self, lease: Lease) -> None:
        require_call_time(lease, self._clock)
        self._budget.require_call(lease.portal_id)


def looked_for_together(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Entries by look: some together, and after them each alone whose look was cut off before."""
    fresh = [entry for entry in entries if not entry.looks]
    for start in range(0, len(fresh), _LOOKED_FOR):
        yield fresh[start : start + _LOOKED_FOR]
    yield from ([entry] for entry in entries if entry.looks)


def _places(entries: Sequence[Entry]) -> Places:
    """The contacts that each may have been written to."""
    return {entry.id: {intent.contact_id for intent in entry.intents} for entry in entries}


def _rest(cut_off: int) -> timedelta:
    """How long the next look waits after so many that were cut off."""
    return _REST * min(1 << (cut_off - 1), _LONGEST)


def _settled_at(entry: Entry) -> datetime:
    return max(intent.at for intent in entry.intents) + SETTLED_AFTER
