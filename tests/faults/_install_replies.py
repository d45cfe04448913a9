"""Replies in flight while accounts are installed, disconnected, uninstalled and moved between two projects.

Leads of both projects write all the while, and HubSpot answers slowly, so that writes are under way when the ground
moves. What `oauth` told of an account says which project it belonged to at any moment, and HubSpot's ledger who wrote.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Final

import httpx2
from _tenant_stream import TenantStream
from aiokafka import AIOKafkaProducer

from contracts.envelope import Event
from contracts.internal import InboundMessage, TenantCheck
from contracts.tenants import AppUninstalled, TenantSnapshot
from contracts.topics import APP_UNINSTALLED
from harness.admins import Admin, UnexpectedAnswerError, client
from harness.control import Communication, ControlError
from harness.leads import Lead, Leads
from harness.system import System
from harness.waiting import eventually, pace

FIRST_PORTAL: Final = 30_000_001
FIRST_NUMBER: Final = 3_105_000_000
LEADS: Final = 2
"""Leads of each project in each account."""
MOST_SAID: Final = 3
STEPS: Final = 6
PAUSE_SECONDS: Final = 0.5
SLOW_MILLISECONDS: Final = 200
BESIDE: Final = 6
END_SECONDS: Final = 180.0
GRACE_SECONDS: Final = 1.0
"""By how much a write that was under way may come after what was told."""
PROJECTS: Final = ("a", "b")
STEP_NAMES: Final = ("a", "b", "disconnect", "told", "untold")
"""Connect to one of the projects, disconnect, or uninstall with or without a notice."""


@dataclass
class Found:
    """What became of the replies, by the id that a write carries."""

    said: int = 0
    written: int = 0
    superseded: int = 0
    moves: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    crossed: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)


async def interleave(system: System, accounts: int, seed: int) -> Found:
    """Play so many accounts, a few at once, and judge."""
    kafka = system.addresses.kafka_bootstrap
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer, client() as http:
        leads = Leads.of(system, producer, seed)
        await leads.hubspot.switch(push_uninstall=False, journal=False)
        await leads.hubspot.slow_down("/crm", SLOW_MILLISECONDS)
        alone = asyncio.Semaphore(BESIDE)

        async def play(number: int) -> Account:
            async with alone:
                account = await Account.opened(system, leads, http, number, Random(seed + number))  # noqa: S311
                await account.play()
                return account

        played = await asyncio.gather(*(play(number) for number in range(accounts)))
        found = await _judge(leads, played, TenantStream(kafka))
        await leads.hubspot.close()
    return found


@dataclass
class Account:
    """One account, and the leads of both projects in it."""

    system: System
    hub: Leads
    http: httpx2.AsyncClient
    portal_id: int
    admin: Admin
    leads: Sequence[Lead]
    random: Random
    superseded: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    @classmethod
    async def opened(
        cls, system: System, hub: Leads, http: httpx2.AsyncClient, number: int, random: Random
    ) -> "Account":
        """A new account in HubSpot, two projects at Chert, and somebody who may see both."""
        portal_id, user = FIRST_PORTAL + number, f"ada@{number}.test"
        await hub.hubspot.open_account(portal_id, f"Account {portal_id}")
        for name in PROJECTS:
            tenant = {"slug": f"{name}-{number}", "project_id": f"project-{name}-{number}", "name": name, "user": user}
            (await http.post(f"{system.url('chert')}/control/tenants", json=tenant)).raise_for_status()
        owners = [name for name in PROJECTS for _ in range(LEADS)]
        phones = [f"+1{FIRST_NUMBER + number * 100 + each}" for each in range(len(owners))]
        ids = await hub.hubspot.add_contacts(portal_id, [{"phone": phone} for phone in phones])
        leads = [
            Lead(portal_id, f"{name}-{number}", contact_id, phone)
            for name, contact_id, phone in zip(owners, ids, phones, strict=True)
        ]
        admin = await Admin.sign_in(http, system.url("chert"), user)
        return cls(system, hub, http, portal_id, admin, leads, random)

    async def play(self) -> None:
        """Some steps with replies between them; then let the account rest with each project in turn."""
        for _ in range(STEPS):
            await self._say()
            await self._step(self.random.choice(STEP_NAMES))
            await pace(self.random.uniform(0.0, PAUSE_SECONDS))
        await self._say()
        for name in PROJECTS:
            await eventually(lambda name=name: self._bound_to(name), what=f"project {name}", seconds=END_SECONDS)
            await self._settle([lead for lead in self.leads if lead.tenant.startswith(name)])

    async def _say(self) -> None:
        await self.hub.say(self.random.choices(self.leads, k=self.random.randint(1, MOST_SAID)))

    async def _step(self, name: str) -> None:
        if name in PROJECTS:
            await self._connect(name)
        elif name == "disconnect":
            for project in PROJECTS:
                await self.admin.disconnect(self._oauth, self._project(project), self.portal_id)
        else:
            await self._uninstall(told=name == "told")

    async def _connect(self, name: str) -> None:
        try:
            await self.admin.connect(self._oauth, self._project(name), self.portal_id)
        except UnexpectedAnswerError:  # it is put off, or overtaken by what happened before
            return

    async def _uninstall(self, *, told: bool) -> None:
        try:
            await self.hub.hubspot.uninstall(self.portal_id, push=False)
        except ControlError:  # it is not installed there
            return
        if told:
            now = datetime.now(UTC)
            data = AppUninstalled(
                portal_id=self.portal_id, app_id=self.system.credentials.hubspot_app_id, occurred_at=now
            )
            event = Event(
                APP_UNINSTALLED, f"app.uninstalled:{self.portal_id}:{now.timestamp()}", "/webhooks", now, data
            )
            await self.hub.producer.send_and_wait(
                event.topic, value=event.value(), key=event.key(), headers=event.headers()
            )

    async def _bound_to(self, name: str) -> bool:
        """Whether the account is connected to a project and HubSpot takes its token; brings it a step nearer if not."""
        check = TenantCheck.model_validate_json((await self._ask("")).content)
        if check.status == "active" and check.tenant is not None and check.tenant.project_id != self._project(name):
            await self._step("disconnect")
        await self._connect(name)
        check = TenantCheck.model_validate_json((await self._ask("")).content)
        return check.status == "active" and check.tenant is not None and check.tenant.project_id == self._project(name)

    async def _settle(self, leads: Sequence[Lead]) -> None:
        """Wait until each reply of these leads is on its timeline or was superseded."""
        open_ids = {key for key, lead in self.hub.said.items() if lead in leads}

        async def settled() -> bool:
            for key in sorted(open_ids):
                status = await self._status(key)
                if status == "superseded":
                    self.superseded[key] = self.hub.said[key].tenant
                if status in {"superseded", "written"}:
                    open_ids.discard(key)
            return not open_ids

        try:
            await eventually(settled, what="replies to settle", seconds=END_SECONDS)
        except TimeoutError:
            self.missing += open_ids

    async def _status(self, key: str) -> str | None:
        """How the timeline says that a reply stands at this account."""
        _, tenant, message_id = key.split(":")
        bearer = {"Authorization": f"Bearer {self.system.credentials.sister_credentials['timeline']}"}
        url = f"{self.system.url('timeline')}/internal/messages/{tenant}/{message_id}"
        answer = await self.http.get(url, headers=bearer)
        if not answer.is_success:
            return None
        message = InboundMessage.model_validate_json(answer.content)
        return next((one.status for one in message.accounts if one.portal_id == self.portal_id), None)

    async def _ask(self, path: str) -> httpx2.Response:
        bearer = {"Authorization": f"Bearer {self.system.credentials.service_credentials['timeline']}"}
        return await self.http.get(f"{self._oauth}/internal/tenants/{self.portal_id}{path}", headers=bearer)

    def _project(self, name: str) -> str:
        return f"project-{name}-{self.portal_id - FIRST_PORTAL}"

    @property
    def _oauth(self) -> str:
        return self.system.url("oauth")


async def _judge(leads: Leads, accounts: Sequence[Account], stream: TenantStream) -> Found:
    await stream.catch_up()
    written = await leads.written()
    counts = Counter(one.write_trace_id for one in written)
    found = Found(said=len(leads.said), written=len(counts), disordered=(await leads.judge()).disordered)
    found.doubled = [str(key) for key, count in counts.items() if count > 1]
    found.crossed = [
        str(one.write_trace_id)
        for one in written
        if not belonged(stream.told(one.portal_id), one, leads.said[one.write_trace_id or ""])
    ]
    for account in accounts:
        told = stream.told(account.portal_id)
        found.moves += moves(told)
        found.superseded += len(account.superseded)
        found.lost += account.missing
        found.lost += [key for key in account.superseded if not _moved_after(told, leads, key)]
    await stream.close()
    return found


def belonged(told: Sequence[Event[TenantSnapshot]], written: Communication, lead: Lead) -> bool:
    """Whether the account belonged to the lead's project when the communication was made, or a moment before."""
    if written.portal_id != lead.portal_id or written.contact_ids != [lead.contact_id]:
        return False
    state, states = None, []
    for event in told:
        if event.time.timestamp() <= written.created_at - GRACE_SECONDS:
            state = _owner(event)
        elif event.time.timestamp() <= written.created_at:
            states.append(_owner(event))
    return lead.tenant in {state, *states}


def _owner(event: Event[TenantSnapshot]) -> str | None:
    return event.data.chert_tenant if event.data.status == "active" else None


def moves(told: Sequence[Event[TenantSnapshot]]) -> int:
    """How often an account went from one project to another."""
    owners = [owner for event in told if (owner := _owner(event)) is not None]
    return sum(before != after for before, after in itertools.pairwise(owners))


def _moved_after(told: Sequence[Event[TenantSnapshot]], leads: Leads, key: str) -> bool:
    """Whether the account went to another project after a reply was said, which is why it was superseded."""
    tenant, said_at = leads.said[key].tenant, leads.said_at[key]
    return any(_owner(event) not in {None, tenant} and event.time.timestamp() >= said_at for event in told)
