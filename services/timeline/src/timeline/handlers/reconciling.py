"""Finding out what became of writes whose end is not known, before anything is written again.

HubSpot has no idempotency key, so the contact's communications are read and the reply is looked for among them. If it
is there, it is adopted. If not, it may still be on its way, so it is looked for once more when that can no longer be.

So an unknown end costs two looks at most, also when a process dies during one: the first is noted down before it
begins, the second as soon as it found nothing. A look is one read of associations and, if any of them is not known to
be another reply's, one read of those.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from chassis.clock import Clock
from timeline.errors import AccountError
from timeline.handlers import bodies
from timeline.handlers.budget import Budget
from timeline.handlers.leases import CALL_SECONDS, require_call_time
from timeline.handlers.outcomes import Outcomes, Step, Target
from timeline.models import Entry, Lease, Withdrawal, Written
from timeline.ports import Communications, IntentLog, Timeline

FIRST_LOOK: Final = timedelta(seconds=2)
"""When a reply with an unknown end is first looked for: HubSpot's reads lag a little behind its writes."""

LATE_COMMIT: Final = timedelta(seconds=60)
"""How long after its arrival a write may still be carried out (`architecture.md`, section 4, timeline)."""

READ_LAG: Final = timedelta(seconds=5)
"""How long a write that was carried out may stay invisible to a read by association."""

SETTLED_AFTER: Final = timedelta(seconds=CALL_SECONDS) + LATE_COMMIT + READ_LAG
"""When an intent that is not found was never carried out: the call may begin a whole call's budget after the intent."""


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
        clock: Clock,
        public_base_url: str,
    ) -> None:
        self._intents, self._communications = intents, communications
        self._timeline, self._outcomes = timeline, outcomes
        self._budget, self._clock, self._public_base_url = budget, clock, public_base_url

    async def settle(self, entries: Sequence[Entry], lease: Lease) -> Mapping[str, Step]:
        """Look for entries together: adopt what is found, or wait. Of those left out no write can have happened.

        Raises:
            AccountError: the account's communications cannot be read now.
            ReplyRefusedError: HubSpot will not show them.
            LeaseSpentError: nothing more may be begun under this lease.
        """
        asked_at = self._clock.now()
        late = [entry for entry in entries if asked_at >= _settled_at(entry)]
        early = [entry for entry in entries if asked_at < _settled_at(entry)]
        return {**await self._look_early(early, lease), **await self._look_late(late, lease)}

    async def _look_early(self, entries: Sequence[Entry], lease: Lease) -> Mapping[str, Step]:
        """The first look; what is not found waits until nothing can appear any more."""
        if not entries:
            return {}
        self._require_call(lease)
        until = max(map(_settled_at, entries))
        await self._outcomes.wait(entries, until)
        try:
            found = await self._found(entries, _places(entries), lease)
        except AccountError:
            await self._outcomes.wait(entries, self._clock.now())
            raise
        left = [entry for entry in entries if entry.id not in found]
        return {**await self._adopted(found), **{entry.id: self._outcomes.waiting(entry, until) for entry in left}}

    async def _look_late(self, entries: Sequence[Entry], lease: Lease) -> Mapping[str, Step]:
        """The last look; what is not found was never written, and its intents go."""
        places = _places(entries)
        steps = await self._adopted(await self._found(entries, places, lease))
        left = [entry for entry in entries if entry.id not in steps]
        steps |= await self._adopted(await self._found_elsewhere(left, places, lease))
        never = [entry for entry in left if entry.id not in steps]
        await self._intents.withdraw([Withdrawal(one.id, intent.fence) for one in never for intent in one.intents])
        return steps

    async def _adopted(self, found: Mapping[str, Target]) -> dict[str, Step]:
        return dict.fromkeys(found, await self._outcomes.adopted(list(found.values()))) if found else {}

    async def _found_elsewhere(
        self, entries: Sequence[Entry], places: Mapping[str, Collection[str]], lease: Lease
    ) -> Mapping[str, Target]:
        """Entries on the timelines of contacts that theirs were merged into since."""
        moved: dict[str, set[str]] = {}
        for entry in entries:
            for contact_id in places[entry.id]:
                self._require_call(lease)
                now_at = await self._timeline.whereabouts(entry.portal_id, contact_id)
                if now_at is not None and now_at != contact_id:
                    moved.setdefault(entry.id, set()).add(now_at)
        return await self._found([entry for entry in entries if entry.id in moved], moved, lease)

    async def _found(
        self, entries: Sequence[Entry], places: Mapping[str, Collection[str]], lease: Lease
    ) -> Mapping[str, Target]:
        """Entries among the communications of these contacts, each of which is no other entry's."""
        if not entries:
            return {}
        self._require_call(lease)
        matched = await self._matched(entries, places, lease)
        of_others = await self._communications.own(
            lease.portal_id, {target.communication_id: entry_id for entry_id, target in matched.items()}
        )
        found = {key: target for key, target in matched.items() if target.communication_id not in of_others}
        again = [entry for entry in entries if of_others and entry.id not in found]
        return {**found, **await self._found(again, places, lease)}

    async def _matched(
        self, entries: Sequence[Entry], places: Mapping[str, Collection[str]], lease: Lease
    ) -> Mapping[str, Target]:
        """The first communication that is the same as each entry, one for each, and that no other is known to own."""
        missing = {entry.id: entry for entry in entries}
        matched: dict[str, Target] = {}
        owners: dict[str, str] = {}

        async def unread(records: Collection[str]) -> Collection[str]:
            owners.update(await self._communications.owners(lease.portal_id, records))
            return [record for record in records if record not in owners or owners[record] in missing]

        contact_ids = {contact_id for entry in entries for contact_id in places[entry.id]}
        async for written in self._timeline.written(lease.portal_id, sorted(contact_ids), unread):
            own = [one for one in missing.values() if owners.get(written.id, one.id) == one.id]
            there = [one for one in own if written.contact_id in places[one.id]]
            entry = next((one for one in there if self._is_same(one, written)), None)
            if entry is not None:
                owners[written.id] = entry.id
                matched[entry.id] = Target(missing.pop(entry.id), written.contact_id, written.id)
            if not missing:
                break
        return matched

    def _is_same(self, entry: Entry, written: Written) -> bool:
        body = bodies.render(entry.message, self._public_base_url, sent=entry.sent_to is not None)
        return bodies.is_same(entry.message, body, written)

    def _require_call(self, lease: Lease) -> None:
        require_call_time(lease, self._clock)
        self._budget.require_call(lease.portal_id)


def _places(entries: Sequence[Entry]) -> Mapping[str, Collection[str]]:
    """The contacts that each may have been written to."""
    return {entry.id: {intent.contact_id for intent in entry.intents} for entry in entries}


def _settled_at(entry: Entry) -> datetime:
    return max(intent.at for intent in entry.intents) + SETTLED_AFTER
