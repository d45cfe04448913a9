"""A shift on call: each trouble is found and ended with the commands that `docs/runbook.md` names."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from rich.console import Console

from contracts.topics import BREAKER_OPENED, MESSAGE_RECEIVED
from harness.admins import Admin, client
from harness.journal import Journal
from harness.operators import Operator
from harness.seeding import console_user
from harness.system import System
from harness.waiting import eventually
from harness.walk import Walk

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SECONDS = 90.0
SLUG = "shift"
LONG_SECONDS = 600.0
LATE_SECONDS = 90.0
"""A write whose end is unknown is looked for after 75 s, before anything is written anew."""


@pytest.fixture
async def walk(new_system: System) -> AsyncIterator[Walk]:
    """A connected account whose contact was sent a message."""
    async with Walk(new_system.seed(SLUG), Journal(Console(quiet=True))) as walk:
        await walk.connect()
        await walk.send()
        yield walk


@pytest.fixture
def operator(new_system: System) -> Operator:
    """Somebody on call."""
    return Operator.of(new_system)


async def ask(operator: Operator, *arguments: str) -> Any:
    """What a command answers."""
    return await asyncio.to_thread(operator.ask, *arguments)


async def call(operator: Operator, *arguments: str, exit_code: int = 0) -> str:
    """What a command prints, or says when it is to end otherwise."""
    return await asyncio.to_thread(operator.call, *arguments, exit_code=exit_code)


async def test_a_shift(new_system: System, walk: Walk, operator: Operator) -> None:
    """A poison message, a lost reply asked for by number, a revoked tenant, a key rotation: each ends well."""
    await everything_is_well(walk, operator)
    await a_poison_message(new_system, operator)
    await a_lost_reply(new_system, walk, operator)
    await a_paused_account(walk, operator)
    await a_revoked_tenant(new_system, walk, operator)
    await a_key_rotation(new_system, operator)
    await an_erased_person(walk, operator)
    await a_purged_account(new_system, walk, operator)
    audited = await ask(operator, "topics", "tail", "ops.audited", "-n", "100")
    acts = {record["data"]["verb"] for record in audited}
    assert {
        "dlq discard", "tenant breaker-reset", "tenant pause", "tenant resume", "tokens check", "keys rotate",
        "tenant erase-contact", "tenant purge",
    } <= acts  # fmt: skip


async def everything_is_well(walk: Walk, operator: Operator) -> None:
    """The doctor finds no fault, and the account is healthy."""
    found = await ask(operator, "doctor")
    assert [] == [one for one in found if one["verdict"] != "ok"]

    listed = await ask(operator, "tenant", "list", "--project", walk.portal.project_id)
    assert [(walk.portal.portal_id, "healthy")] == [
        (one["tenant"]["portal_id"], one["health"]) for one in listed["tenants"]
    ]
    assert "nothing" == (await ask(operator, "chert", "subscribe", "--tenant", SLUG))["done"]


async def a_poison_message(system: System, operator: Operator) -> None:
    """A record that breaks its contract is found by its tenant, read without its content, and discarded."""
    async with AIOKafkaProducer(bootstrap_servers=system.addresses.kafka_bootstrap, acks="all") as producer:
        await producer.send_and_wait(MESSAGE_RECEIVED.name, key=f"{SLUG}:chat".encode(), value=b'{"private": "words"}')

    async def both() -> list[Any]:
        letters: list[Any] = (await ask(operator, "dlq", "list", "--tenant", SLUG))["letters"]
        return letters if len(letters) == 2 else []  # one for each group that consumes the topic

    letters = await eventually(both, what="the dead letters", seconds=SECONDS)
    shown = await ask(operator, "dlq", "show", letters[0]["place"])
    assert "words" not in str(shown)

    await ask(operator, "dlq", "discard", "--tenant", SLUG, "--reason", "a test of Chert's", "--yes")
    assert [] == (await ask(operator, "dlq", "list", "--tenant", SLUG))["letters"]


async def a_lost_reply(system: System, walk: Walk, operator: Operator) -> None:
    """A rep misses a reply and names a number: it waits behind an open breaker, and goes out after a reset."""
    portal_id, phone = str(walk.portal.portal_id), walk.contact.phone
    await walk.hubspot.outage(walk.portal.portal_id, 502, LONG_SECONDS)
    before = await walk.hubspot.last_request()
    reply = await walk.lead_replies()

    async def refused() -> bool:
        return any(502 == one.status for one in await walk.hubspot.requests(since=before))

    await eventually(refused, what="HubSpot to be asked", seconds=SECONDS)
    await system.move_clock(offset_seconds=LATE_SECONDS)
    await walk.log.find(BREAKER_OPENED, lambda breaker: breaker.portal_id == walk.portal.portal_id, seconds=SECONDS)
    assert "resting" == (await ask(operator, "tenant", "show", portal_id))["health"]
    lost = await ask(operator, "where", phone)
    assert lost["next"] is not None
    assert phone not in str(lost)
    assert (reply.message_id, "waiting") in {(step["ids"].get("message_id"), step["what"]) for step in lost["steps"]}

    await walk.hubspot.outage(walk.portal.portal_id, 502, 0)
    await ask(operator, "tenant", "breaker-reset", portal_id, "--reason", "HubSpot is back", "--yes")
    await system.move_clock(offset_seconds=2 * LATE_SECONDS)
    communication = await walk.reply_on_timeline(reply, seconds=SECONDS)

    for asked in (reply.message_id, communication.id, phone):
        found = await ask(operator, "where", asked)
        written = [step for step in found["steps"] if step["what"] == "written"]
        assert communication.id in {step["ids"].get("communication_id") for step in written}


async def a_paused_account(walk: Walk, operator: Operator) -> None:
    """While an account is drained nothing is sent or written for it; resumed, what waited goes out."""
    portal_id = str(walk.portal.portal_id)
    drained = await ask(operator, "tenant", "drain", portal_id, "--reason", "ticket 7", "--yes")
    assert drained["drained"]

    held = await walk.hubspot.run_workflow(walk.portal.portal_id, walk.contact.id, "Are you still there?")
    assert (503, "will_retry") == (held.status, held.outcome)
    reply = await walk.lead_replies()

    await ask(operator, "tenant", "resume", portal_id, "--reason", "ticket 7", "--yes")
    await walk.reply_on_timeline(reply, seconds=SECONDS)


async def a_revoked_tenant(system: System, walk: Walk, operator: Operator) -> None:
    """An account that HubSpot revoked without a word is found by a check of its token, and connected again."""
    portal_id = walk.portal.portal_id
    await walk.hubspot.uninstall(portal_id, push=False)
    await call(operator, "tokens", "check", str(portal_id), "--yes", exit_code=3)
    shown = await ask(operator, "tenant", "show", str(portal_id))
    assert "disconnected" == shown["health"]
    assert shown["ended_reason"] in {"grant_revoked", "app_uninstalled"}  # HubSpot's journal may have been first

    async with client() as http:
        admin = await Admin.sign_in(http, walk.run.chert_url, console_user(SLUG))
        await admin.connect(system.url("oauth"), walk.portal.project_id, portal_id)

    async def healthy() -> bool:
        return bool((await ask(operator, "tenant", "show", str(portal_id)))["health"] == "healthy")

    await eventually(healthy, what="the account to be healthy", seconds=SECONDS)


async def a_key_rotation(system: System, operator: Operator) -> None:
    """The sealing key is rotated, the old one proved free and taken out; nothing lies under it any more."""
    ring = str(system.files.key_ring)
    before = await ask(operator, "keys", "status")
    rotated = await ask(operator, "keys", "rotate", "--key-ring", ring, "--remove-old", "--reason", "yearly", "--yes")

    assert [before["sealing_key"]] == rotated["removed"]
    assert rotated["key_id"] == rotated["proof"]["sealing_key"]
    assert {rotated["key_id"]} == set(rotated["proof"]["sealed"])


async def an_erased_person(walk: Walk, operator: Operator) -> None:
    """A person is forgotten everywhere, and the certificate names every topic that may still hold something."""
    order = ("tenant", "erase-contact", str(walk.portal.portal_id), walk.contact.id, "--reason", "request 12", "--yes")
    certificate = await ask(operator, *order)

    removed = {one["service"]: one["removed"] for one in certificate["services"]}
    assert removed["actions"]["sends"] > 0
    assert removed["timeline"]["replies"] > 0
    assert {"message.received", "message.sent"} <= {one["topic"] for one in certificate["topics"]}


async def a_purged_account(system: System, walk: Walk, operator: Operator) -> None:
    """An account is forgotten only after it was disconnected, then everywhere, and a second call finds nothing."""
    portal_id = walk.portal.portal_id
    purge = ("tenant", "purge", str(portal_id), "--reason", "contract ended", "--yes")
    assert "connected" in await call(operator, *purge, exit_code=1)
    async with client() as http:
        admin = await Admin.sign_in(http, walk.run.chert_url, console_user(SLUG))
        await admin.disconnect(system.url("oauth"), walk.portal.project_id, portal_id)

    async def departed() -> bool:
        return bool((await ask(operator, "tenant", "show", str(portal_id)))["health"] == "disconnected")

    await eventually(departed, what="the departure", seconds=SECONDS)
    first, second = await ask(operator, *purge), await ask(operator, *purge)

    assert ["tenant.installed", "tenant.updated", "tenant.uninstalled"] == first["tombstones"]
    assert all(one["removed"] for one in first["services"])
    assert [{}, {}] == [one["removed"] for one in second["services"]]
    assert "purged" == (await ask(operator, "tenant", "show", str(portal_id)))["health"]
