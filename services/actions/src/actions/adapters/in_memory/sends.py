"""Sends, their outbox and their second names."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from actions.adapters.in_memory.faults import Faults
from actions.models import Accepted, Attempt, Lease, Outcome, Send
from chassis.outbox import Pending
from contracts.envelope import Event, EventData
from contracts.messages import Source


class InMemorySendStore:
    """The sends and their outbox.

    `faults` knows the points `before` and `after` `open`, `take` and `settle`, and `before` `find` and `latest`.
    """

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.sends: dict[str, Send] = {}
        self.outbox: dict[str, tuple[Event[EventData], ...]] = {}

    async def open(self, draft: Send) -> Send:
        """Claim a new send. The result is the draft, or what has its key already."""
        await self.faults.reach("before open")
        send = self.sends.setdefault(draft.key, draft)
        await self.faults.reach("after open")
        return send

    async def open_as(self, draft: Send, _: str, /) -> tuple[Send, bool]:
        """Claim a new send; its second name is with those that `InMemoryAliasStore` keeps, and has to be bound."""
        return await self.open(draft), False

    async def find(self, key: str) -> Send | None:
        """The send with this key."""
        await self.faults.reach("before find")
        return self.sends.get(key)

    async def find_all(self, keys: Sequence[str]) -> Sequence[Send]:
        """The sends with these keys, in no order; an unknown key has none."""
        await self.faults.reach("before find")
        return [self.sends[key] for key in set(keys) & self.sends.keys()]

    async def latest(
        self, portal_id: int, since: datetime, limit: int, *, source: Source | None = None
    ) -> Sequence[Send]:
        """The latest sends of an account, newest first; of one source, if it is named."""
        await self.faults.reach("before latest")
        found = [
            send
            for send in self.sends.values()
            if send.portal_id == portal_id and send.claimed_at >= since and send.same_as is None
        ]
        newest = sorted(found, key=lambda send: send.claimed_at, reverse=True)
        return [send for send in newest if source in {None, send.source}][:limit]

    async def take(self, seen: Send, holder: str, begun: Attempt) -> Send | None:
        """Become the holder of a send that is still as it was seen; none when it is not."""
        await self.faults.reach("before take")
        send = self.sends[seen.key]
        if send.lease == seen.lease and send.answer is None and send.same_as is None:
            lease = Lease(holder, send.lease.fence + 1, send.lease.beat + 1)
            self.sends[seen.key] = replace(send, lease=lease, attempts=(*send.attempts, begun))
        await self.faults.reach("after take")
        taken = self.sends[seen.key]
        return taken if taken.lease.holder == holder else None

    async def owner_of(self, chert_tenant: str, message_id: str) -> str | None:
        """The key of the send that this message is known to be of."""
        for send in self.sends.values():
            answer = send.answer if send.chert_tenant == chert_tenant else None
            if isinstance(answer, Accepted) and answer.message_id == message_id:
                return send.key
        return None

    async def settle(
        self,
        held: Send,
        ended: Attempt,
        *,
        answer: Outcome | None = None,
        same_as: str | None = None,
        parked_until: datetime | None = None,
        events: Sequence[Event[EventData]] = (),
    ) -> Send:
        """Let go of a held send, with what became known and the events that tell it, in one write."""
        await self.faults.reach("before settle")
        send = self.sends[held.key]
        if send.lease.beat == held.lease.beat:
            self.sends[held.key] = send.settled(ended, answer=answer, same_as=same_as, parked_until=parked_until)
            self.outbox[held.key] = (*self.outbox.get(held.key, ()), *events)
        await self.faults.reach("after settle")
        return self.sends[held.key]

    async def pending(self, limit: int) -> Sequence[Pending]:
        """Sends with events to publish, longest waiting first."""
        waiting = [Pending(key, events) for key, events in self.outbox.items() if events]
        return waiting[:limit]

    async def remove(self, document_id: str, event_ids: Sequence[str]) -> None:
        """Forget events that were published."""
        left = tuple(event for event in self.outbox.pop(document_id, ()) if event.id not in event_ids)
        if left:
            self.outbox[document_id] = left


class InMemoryAliasStore:
    """Second names of sends; `faults` knows the points `before bind` and `after bind`."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.keys: dict[str, str] = {}

    async def bind(self, alias: str, key: str) -> str:
        """Give a send a second name; the result is the key that has it, the given one or an earlier one."""
        await self.faults.reach("before bind")
        owner = self.keys.setdefault(alias, key)
        await self.faults.reach("after bind")
        return owner
