"""In-memory versions of every port, for tests: they behave as the real ones do, and fail at named points when asked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from actions.errors import AuthorityAwayError
from actions.models import Accepted, Attempt, Lease, Outcome, Outgoing, Refused, Send
from chassis.outbox import Pending
from contracts.envelope import Event, EventData
from contracts.failures import Code
from contracts.internal import TenantCheck
from contracts.messages import Source
from contracts.tenants import TenantSnapshot


class Faults:
    """Raises a planned error once, when its point is reached: `before open`, `after open`, and so on."""

    def __init__(self) -> None:
        self._planned: dict[str, Exception] = {}

    def plan(self, point: str, error: Exception) -> None:
        """Raise this error the next time that the point is reached."""
        self._planned[point] = error

    async def reach(self, point: str) -> None:
        """Let others run, as a real call would, and raise what is planned here.

        Raises:
            Exception: as planned.
        """
        await asyncio.sleep(0)
        error = self._planned.pop(point, None)
        if error is not None:
            raise error


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

    async def find(self, key: str) -> Send | None:
        """The send with this key."""
        await self.faults.reach("before find")
        return self.sends.get(key)

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

    async def settle(
        self,
        held: Send,
        ended: Attempt,
        *,
        answer: Outcome | None = None,
        same_as: str | None = None,
        events: Sequence[Event[EventData]] = (),
    ) -> Send:
        """Let go of a held send, with what became known and the events that tell it, in one write."""
        await self.faults.reach("before settle")
        send = self.sends[held.key]
        if (send.lease.holder, send.lease.fence) == (held.lease.holder, held.lease.fence):
            self.sends[held.key] = replace(
                send,
                lease=replace(send.lease, holder=None),
                attempts=(*send.attempts, ended),
                answer=answer or send.answer,
                same_as=same_as,
            )
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


class InMemoryTenantStore:
    """The projection of `tenant.*`."""

    def __init__(self) -> None:
        self._tenants: dict[int, TenantSnapshot] = {}

    async def apply(self, snapshot: TenantSnapshot) -> bool:
        """Keep a snapshot if its revision is newer than what is known; tells whether it was."""
        known = self._tenants.get(snapshot.portal_id)
        newer = known is None or snapshot.revision > known.revision
        if newer:
            self._tenants[snapshot.portal_id] = TenantSnapshot.model_validate(snapshot.model_dump())
        return newer

    async def find(self, portal_id: int) -> TenantSnapshot | None:
        """The newest snapshot known."""
        return self._tenants.get(portal_id)


class InMemoryTenantAuthority:
    """What `oauth` would say; `away` makes it unreachable."""

    def __init__(self) -> None:
        self.tenants: dict[int, TenantSnapshot] = {}
        self.away = False
        self.asked = 0

    async def check(self, portal_id: int) -> TenantCheck:
        """What is true now.

        Raises:
            AuthorityAwayError: `away` is set.
        """
        self.asked += 1
        if self.away:
            raise AuthorityAwayError("away")
        tenant = self.tenants.get(portal_id)
        return TenantCheck(status="unknown" if tenant is None else tenant.status, tenant=tenant)


@dataclass(frozen=True, slots=True)
class Delivered:
    """One message that went out."""

    chert_tenant: str
    key: str
    message: Outgoing


class InMemoryMessenger:
    """A Chert that knows its keys and keeps the truth; `faults` knows the points `before send` and `after send`.

    Attributes:
        ledger: what went out.
        calls: how often it was called.
        refusal: what it answers instead of sending, when set.
        open: clear it to keep calls waiting.
    """

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.ledger: list[Delivered] = []
        self.calls = 0
        self.refusal: Refused | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def send(self, chert_tenant: str, key: str, message: Outgoing) -> Outcome:
        """Send, once per key; another message under a key is refused (1012)."""
        self.calls += 1
        await self.open.wait()
        await self.faults.reach("before send")
        outcome = self.refusal or self._once(Delivered(chert_tenant, key, message))
        await self.faults.reach("after send")
        return outcome

    def _once(self, delivery: Delivered) -> Outcome:
        for number, earlier in enumerate(self.ledger):
            if (earlier.chert_tenant, earlier.key) == (delivery.chert_tenant, delivery.key):
                same = earlier.message == delivery.message
                return _accepted(number) if same else Refused(code=Code.WRONG_STATE, error="key used before")
        self.ledger.append(delivery)
        return _accepted(len(self.ledger) - 1)


def _accepted(number: int) -> Accepted:
    return Accepted(message_id=f"message-{number}", lead_id=f"lead-{number}", lead_created=True, phone_line_id="line-1")
