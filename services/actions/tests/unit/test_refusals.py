"""Every row of `docs/refusals.md`, run."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx2
import pytest
from fastapi import FastAPI

from actions.adapters.in_memory import (
    Faults,
    InMemoryContacts,
    InMemoryMessenger,
    InMemoryNewerSignatures,
    InMemorySendContents,
    InMemorySendStore,
    InMemoryStepStore,
    InMemoryTenantAuthority,
    InMemoryTenantStore,
    InMemoryWishStore,
)
from actions.api import card as card_api
from actions.api.card import CardUseCases
from actions.api.workflow import WorkflowRoutes
from actions.api.workflow_signatures import WorkflowSignatures
from actions.errors import (
    ContactUnreadableError,
    HubSpotAwayError,
    HubSpotBusyError,
    NotDeliveredError,
    NotNowError,
    StoreAwayError,
)
from actions.handlers.bulkheads import Bulkhead
from actions.handlers.sending import SendOnce
from actions.handlers.signature_versions import SignatureVersions
from actions.handlers.workflow import SendForWorkflow
from actions.models import Contact, Refused, SignedRequest, Wish
from chassis.clock import ManualClock
from chassis.lifespan import Plumbing, service_app
from chassis.number_hash import KeyedNumberHash
from contracts.failures import Code
from contracts.tenants import TenantSettings, TenantSnapshot

ROOT: Final = Path(__file__).parents[4]
NUMBER: Final = "+14155551234"
SOURCES: Final = {"workflow": "wf:62515:ap-1", "card": "card:62515:client-0001"}


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    when: str
    code: str
    error: str
    workflow: str
    card: str
    events: str

    def status_for(self, source: str) -> str:
        """How the last attempt of this source ends."""
        both = dict(part.split(": ") for part in self.events.split(", ")) if ": " in self.events else {}
        return both.get(source, self.events)


def rows() -> list[Row]:
    """The table, as people read it."""
    lines = (ROOT / "docs" / "refusals.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [Row(*row) for row in cells[2:]]


class EverythingIsSigned:
    """A verifier that trusts everybody."""

    def verify(self, request: SignedRequest) -> None:
        """Trust it."""

    def verify_v2(self, request: SignedRequest) -> None:
        """Trust it."""


@dataclass(kw_only=True)
class World:
    """The service over in-memory parts, and what a source asks of it."""

    app: FastAPI
    tenant: TenantSnapshot
    tenants: InMemoryTenantStore
    authority: InMemoryTenantAuthority
    contacts: InMemoryContacts
    messenger: InMemoryMessenger
    sends: InMemorySendStore
    wishes: InMemoryWishStore
    number_hash: KeyedNumberHash
    faults: Faults
    clock: ManualClock
    message: str = "Hi {{ contact.firstname }}"
    phone: str = NUMBER
    contact_id: str = "904"

    async def ask(self, source: str) -> httpx2.Response:
        """Ask for a send, with time going on meanwhile."""
        asking = asyncio.create_task(self._workflow() if source == "workflow" else self._card())
        while not asking.done():
            self.clock.advance(0.01)
            await asyncio.sleep(0)
        return asking.result()

    async def change(self, **changes: object) -> None:
        """Change the account."""
        known = await self.tenants.find(62515) or self.tenant
        await self.tenants.apply(known.model_copy(update={"revision": known.revision + 1, **changes}))

    async def _workflow(self) -> httpx2.Response:
        body = {
            "callbackId": "ap-1",
            "origin": {"portalId": 62515},
            "object": {"objectId": int(self.contact_id), "properties": {"phone": self.phone, "firstname": "Ada"}},
            "inputFields": {"message": self.message},
        }
        return await self._post("/api/hubspot/send", body)

    async def _card(self) -> httpx2.Response:
        self.contacts.add(62515, Contact("904", phone=self.phone, firstname="Ada"))
        body = {"contact_id": self.contact_id, "message": self.message, "client_message_id": "client-0001"}
        return await self._post("/api/hubspot/widget/send?portalId=62515&userId=42", body)

    async def _post(self, target: str, body: object) -> httpx2.Response:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app), base_url="https://app.test") as client:
            return await client.post(target, content=json.dumps(body).encode())


@pytest.fixture
def world(
    card: CardUseCases,
    send_once: SendOnce,
    steps: InMemoryStepStore,
    tenant: TenantSnapshot,
    tenants: InMemoryTenantStore,
    authority: InMemoryTenantAuthority,
    contacts: InMemoryContacts,
    messenger: InMemoryMessenger,
    sends: InMemorySendStore,
    wishes: InMemoryWishStore,
    number_hash: KeyedNumberHash,
    faults: Faults,
    clock: ManualClock,
) -> World:
    """The service."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    plumbing = Plumbing(clock=clock)
    app = service_app("actions", "", plumbing, lifespan)
    verifier = EverythingIsSigned()
    signatures = WorkflowSignatures(
        verifier=verifier,
        versions=SignatureVersions(InMemoryNewerSignatures()),
        accept_v2=False,
        metrics=plumbing.metrics,
    )
    places = Bulkhead(each=10, total=10, waiting=10)
    for_workflow = SendForWorkflow(send_once=send_once, steps=steps, sends=sends, bulkhead=places)
    WorkflowRoutes(signatures, for_workflow).install(app)
    app.include_router(card_api.router(verifier, card, plumbing.metrics))
    return World(
        app=app,
        tenant=tenant,
        tenants=tenants,
        authority=authority,
        contacts=contacts,
        messenger=messenger,
        sends=sends,
        wishes=wishes,
        number_hash=number_hash,
        faults=faults,
        clock=clock,
    )


def refused_by_chert(code: int, error: str) -> Callable[[World, str], None]:
    """Chert answers so."""

    def arrange(world: World, _: str) -> None:
        world.messenger.refusal = Refused(code=code, error=error)

    return arrange


def fails_at(point: str, error: Exception) -> Callable[[World, str], None]:
    """This happens there."""

    def arrange(world: World, _: str) -> None:
        world.faults.plan(point, error)

    return arrange


def with_message(message: str) -> Callable[[World, str], None]:
    """This is to be sent."""

    def arrange(world: World, _: str) -> None:
        world.message = message

    return arrange


def without_number(world: World, _: str) -> None:
    """The contact's number is none."""
    world.phone = "ext. 12"


async def wrote_stop(world: World, _: str) -> None:
    """The contact said so before."""
    wish = Wish(stop=True, at=datetime(2026, 11, 22, tzinfo=UTC), message_id="in-1")
    await world.wishes.record("acme", world.number_hash(NUMBER), wish)


async def came_with_other_content(world: World, source: str) -> None:
    """The same key, another text."""
    await world.ask(source)
    world.message = "Bye"


async def moved_meanwhile(world: World, source: str) -> None:
    """A first try failed, then the account was bound to another project."""
    lost = NotDeliveredError("lost", may_have_happened=False, code=Code.UNAVAILABLE)
    world.faults.plan("before send", lost)
    await world.ask(source)
    await world.change(project_id="project-2", generation=4)


async def erased_after_the_send(world: World, source: str) -> None:
    """It went out, then HubSpot deleted the contact for privacy."""
    await world.ask(source)
    await InMemorySendContents(world.sends).erase(62515, "904")


async def not_connected(world: World, _: str) -> None:
    """The account was disconnected."""
    await world.change(status="inactive")


async def paused(world: World, _: str) -> None:
    """An operator holds the account's work."""
    await world.change(paused=True)


async def without_new_leads(world: World, _: str) -> None:
    """A workflow may not create leads."""
    await world.change(settings=TenantSettings(auto_create_leads=False))


async def unchecked(world: World, _: str) -> None:
    """The projection knows no active account, and `oauth` cannot be asked."""
    await world.change(status="inactive")
    world.authority.away = True


def of_another_account(world: World, _: str) -> None:
    """The record is not in the account."""
    world.contact_id = "905"


CASES: Final[dict[str, Callable[[World, str], object]]] = {
    "neither property has a usable number": without_number,
    "the message is empty": with_message(" "),
    "the message has an unknown tag": with_message("{{ contact.email }}"),
    "a tag does not end": with_message("Hi {{ contact.firstname"),
    "the message is too long": with_message("x" * 10_001),
    "Chert cannot send to the number": refused_by_chert(1003, "bad phone"),
    "a first message has a link": refused_by_chert(1005, "no links in a first message"),
    "the project is suspended": refused_by_chert(2005, "tenant suspended"),
    "the line is not the project's": refused_by_chert(2006, "line not assigned"),
    "the daily cap is reached": refused_by_chert(2008, "daily cap reached"),
    "Chert refuses with a code that is not in the registry": refused_by_chert(1099, "something new"),
    "the contact wrote STOP": wrote_stop,
    "the same key came with other content": came_with_other_content,
    "the account was moved to another project meanwhile": moved_meanwhile,
    "the contact was erased after the send": erased_after_the_send,
    "the account is not connected": not_connected,
    "an operator paused the account": paused,
    "the contact is not in the account": of_another_account,
    "HubSpot does not show contacts": fails_at("before read", ContactUnreadableError()),
    "no lead has the number, and creating leads is off": without_new_leads,
    "no line is free, or the window is closed": fails_at(
        "before send",
        NotNowError("The sending window is closed", retry_after_seconds=600, code=Code.LINES_SATURATED),
    ),
    "Chert does not say whether it sent": fails_at(
        "after send", NotDeliveredError("lost", may_have_happened=True, code=Code.UPSTREAM)
    ),
    "Chert cannot be reached": fails_at(
        "before send", NotDeliveredError("away", may_have_happened=False, code=Code.UNAVAILABLE)
    ),
    "HubSpot wants fewer calls": fails_at("before read", HubSpotBusyError()),
    "HubSpot cannot be reached": fails_at("before read", HubSpotAwayError()),
    "our database is away": fails_at("before open", StoreAwayError()),
    "the account cannot be checked": unchecked,
}


def test_every_row_is_run() -> None:
    """The table and the cases name the same refusals."""
    assert sorted(CASES) == sorted(row.when for row in rows())


async def arranged(world: World, row: Row, source: str) -> httpx2.Response:
    """The answer to a source, when this is so."""
    arranging = CASES[row.when](world, source)
    if asyncio.iscoroutine(arranging):
        await arranging
    return await world.ask(source)


def last_attempt(world: World, source: str) -> str:
    """How the last attempt ended."""
    send = world.sends.sends.get(SOURCES[source])
    return "-" if send is None else send.attempts[-1].status


@pytest.mark.parametrize("row", [row for row in rows() if row.workflow != "-"], ids=lambda row: row.when)
async def test_a_workflow_sees_what_the_table_says(row: Row, world: World) -> None:
    """State, code and words in HubSpot's history, and the send's last attempt."""
    response = await arranged(world, row, "workflow")

    told = response.json()
    outputs = told.get("outputFields", {})
    assert row.workflow == outputs.get("hs_execution_state", str(response.status_code))
    if row.workflow == "FAIL_CONTINUE":
        assert (row.code, row.error) == (outputs["code"], outputs["error"])
    if row.workflow == "503":
        assert (row.code, True) == (str(told["code"]), told["retryable"])
    assert row.status_for("workflow") == last_attempt(world, "workflow")


@pytest.mark.parametrize("row", [row for row in rows() if row.card != "-"], ids=lambda row: row.when)
async def test_a_rep_reads_what_the_table_says(row: Row, world: World) -> None:
    """Code, words and sentence on the card, and the send's last attempt."""
    response = await arranged(world, row, "card")

    told = response.json()
    assert row.code == str(told["code"])
    assert (503 if row.card == "503" else 200) == response.status_code
    if row.card != "503":
        assert (row.error, row.card) == (told["error"], told["message"])
    assert row.status_for("card") == last_attempt(world, "card")
