"""Accounts with leads who write, and what HubSpot knows in the end, for fault runs and benchmarks of the timeline.

Replies are told on Kafka as `webhooks` tells them. The simulated HubSpot holds the truth: each message on a timeline
carries the id of the reply that it was written for.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Final, Self

import httpx2
from aiokafka import AIOKafkaProducer
from rich.console import Console

from contracts.envelope import Event, EventData
from contracts.messages import MessagePart, MessageReceived, MessageSent
from contracts.topics import MESSAGE_RECEIVED, MESSAGE_SENT, TENANT_INSTALLED
from harness.admins import Admin, client
from harness.control import Communication, HubSpotControl
from harness.event_log import EventLog
from harness.progress import Progress, doing
from harness.system import System
from harness.waiting import eventually

_FIRST_PORTAL: Final = 40_000_000
_FIRST_NUMBER: Final = 2_125_000_000
_BESIDE: Final = 8
_DRAIN_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 1.0
"""How often HubSpot is asked what is new: that costs it time which is measured."""


@dataclass(frozen=True, slots=True)
class Lead:
    """Somebody who writes, and the one contact that is them."""

    portal_id: int
    tenant: str
    contact_id: str
    phone: str

    @property
    def chat_id(self) -> str:
        """Their conversation."""
        return f"chat-{self.phone[1:]}"


@dataclass(slots=True)
class Verdict:
    """What became of everything that was said."""

    said: int
    written: int
    lost: list[str]
    doubled: list[str]
    disordered: list[str]


@dataclass
class Leads:
    """All leads of a run, and everything that they said, by the id that its write carries."""

    system: System
    hubspot: HubSpotControl
    producer: AIOKafkaProducer
    random: Random
    leads: list[Lead] = field(default_factory=list)
    said: dict[str, Lead] = field(default_factory=dict)
    said_at: dict[str, float] = field(default_factory=dict)
    _moment: float = field(default_factory=time.time)
    _written: list[Communication] = field(default_factory=list)
    _last_logged: int = 0

    @classmethod
    def of(cls, system: System, producer: AIOKafkaProducer, seed: int) -> Self:
        """Nobody yet."""
        return cls(system, HubSpotControl(system.url("hubspot")), producer, Random(seed))  # noqa: S311 - repeatable

    async def connect(self, accounts: int, *, leads: int) -> None:
        """Connect so many accounts, each of its own project and with so many contacts."""
        alone = asyncio.Semaphore(_BESIDE)
        async with client() as http:

            async def one(number: int) -> list[Lead]:
                async with alone:
                    return await self._account(http, number, leads)

            with doing(Console(), f"Connecting {accounts} accounts with {leads} leads each"):
                found = await asyncio.gather(*(one(number) for number in range(accounts)))
        self.leads = [lead for group in found for lead in group]
        log = EventLog(self.system.addresses.kafka_bootstrap)
        await log.wait_count(TENANT_INSTALLED, lambda _: True, accounts, seconds=_DRAIN_SECONDS)
        await log.wait_drained("timeline", TENANT_INSTALLED.name, seconds=_DRAIN_SECONDS)

    async def _account(self, http: httpx2.AsyncClient, number: int, leads: int) -> list[Lead]:
        portal_id, slug = _FIRST_PORTAL + number, f"tenant-{number}"
        user = f"ada@{slug}.test"
        tenant = {"slug": slug, "project_id": f"project-{number}", "name": slug, "user": user}
        (await http.post(f"{self.system.url('chert')}/control/tenants", json=tenant)).raise_for_status()
        await self.hubspot.open_account(portal_id, slug)
        phones = [f"+1{_FIRST_NUMBER + number * 1_000 + each}" for each in range(leads)]
        ids = await self.hubspot.add_contacts(portal_id, [{"firstname": "Lead", "phone": phone} for phone in phones])
        admin = await Admin.sign_in(http, self.system.url("chert"), user)
        await admin.connect(self.system.url("oauth"), f"project-{number}", portal_id)
        return [Lead(portal_id, slug, one, phone) for one, phone in zip(ids, phones, strict=True)]

    async def greet(self) -> None:
        """Each lead was written to before: their conversation is linked to their contact."""
        now = datetime.now(UTC)
        with doing(Console(), f"Greeting {len(self.leads)} leads"):
            await self._produce([_greeting(lead, now) for lead in self.leads])
            log = EventLog(self.system.addresses.kafka_bootstrap)
            await log.wait_drained("timeline", MESSAGE_SENT.name, seconds=_DRAIN_SECONDS)

    async def say(self, leads: Iterable[Lead], text: str = "Yes, please") -> list[Event[MessageReceived]]:
        """Each of these leads writes; returns when Kafka has it."""
        events = [self.event(lead, text) for lead in leads]
        await self.tell(events)
        return events

    def event(self, lead: Lead, text: str) -> Event[MessageReceived]:
        """What is told of the next reply of a lead; later ones of all leads are later, by a millisecond at least."""
        self._moment = max(self._moment + 0.001, time.time())
        at, number = datetime.fromtimestamp(self._moment, UTC), len(self.said)
        data = MessageReceived(
            chert_tenant=lead.tenant,
            chat_id=lead.chat_id,
            message_id=f"m{number:06}",
            event_id=f"chert:msg:{number:06}",
            sender=lead.phone,
            parts=(MessagePart(type="text", value=text),),
            received_at=at,
        )
        key = f"{lead.portal_id}:{lead.tenant}:{data.message_id}"
        self.said[key], self.said_at[key] = lead, time.time()
        return Event(MESSAGE_RECEIVED, f"message.received:{lead.tenant}:{data.message_id}", "/webhooks", at, data)

    async def tell(self, events: Sequence[Event[MessageReceived]]) -> None:
        """Put events on the topic, in order."""
        await self._produce(events)

    async def _produce(self, events: Sequence[Event[EventData]]) -> None:
        sent = [
            await self.producer.send(event.topic, value=event.value(), key=event.key(), headers=event.headers())
            for event in events
        ]
        await asyncio.gather(*sent)

    async def written(self) -> list[Communication]:
        """What is on timelines because of somebody here, in the order in which HubSpot logged it."""
        fresh = await self.hubspot.logged(after=self._last_logged)
        fresh = [one for one in fresh if int(one.id) > self._last_logged]  # somebody else may have asked meanwhile
        self._last_logged = max((int(one.id) for one in fresh), default=self._last_logged)
        self._written += [one for one in fresh if one.write_trace_id in self.said]
        return list(self._written)

    async def all_written(self, *, seconds: float, but: int = 0, look_seconds: float = _LOOK_SECONDS) -> None:
        """Wait until each reply, or all but so many, is on its timeline, and look so often.

        Raises:
            ConditionNotMetError: it did not happen within so many seconds.
        """
        awaited = len(self.said) - but
        progress = Progress(Console(), "replies on their timelines", awaited, begun=await self._count())

        async def complete() -> bool:
            count = await self._count()
            progress.at(count)
            if count < awaited:
                await asyncio.sleep(look_seconds)
            return count >= awaited

        await eventually(complete, what=f"{awaited} replies on their timelines", seconds=seconds)

    async def _count(self) -> int:
        return len({one.write_trace_id for one in await self.written()})

    async def wait_written(self, message_ids: AbstractSet[str], *, seconds: float) -> None:
        """Wait until each of these replies is on its timeline.

        Raises:
            ConditionNotMetError: it did not happen within so many seconds.
        """

        async def complete() -> bool:
            await asyncio.sleep(_LOOK_SECONDS)
            found = {str(one.write_trace_id).rpartition(":")[2] for one in await self.written()}
            return message_ids <= found

        await eventually(complete, what=f"{len(message_ids)} replies on their timelines", seconds=seconds)

    async def judge(self) -> Verdict:
        """Compare what was said with what HubSpot has."""
        written = await self.written()
        counts = Counter(one.write_trace_id for one in written)
        order: dict[str, list[str]] = {}
        for one in written:
            assert one.write_trace_id is not None  # noqa: S101 - chosen by it
            lead = self.said[one.write_trace_id]
            if one.contact_ids == [lead.contact_id]:
                order.setdefault(lead.chat_id, []).append(one.write_trace_id)
        return Verdict(
            said=len(self.said),
            written=len(counts),
            lost=[entry_id for entry_id in self.said if not counts[entry_id]],
            doubled=[str(entry_id) for entry_id, count in counts.items() if count > 1],
            disordered=[chat for chat, ids in order.items() if ids != sorted(ids)],
        )


def _greeting(lead: Lead, now: datetime) -> Event[MessageSent]:
    data = MessageSent(
        portal_id=lead.portal_id,
        chert_tenant=lead.tenant,
        generation=1,
        contact_id=lead.contact_id,
        source="card",
        claim=f"card:{lead.portal_id}:{lead.phone}",
        at=now,
        phone=lead.phone,
        body="Shall we talk?",
        message_id=f"greeting-{lead.phone[1:]}",
        chat_id=lead.chat_id,
        lead_created=False,
    )
    return Event(MESSAGE_SENT, f"message.sent:{data.message_id}", "/actions", now, data)
