"""Where is this id? Asked by every id of the product."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from chassis import failures
from chassis.clock import ManualClock
from contracts.contacts import ContactErased
from contracts.failures import Failure
from contracts.ops import WhereAnswer
from contracts.tenants import TenantSnapshot
from timeline.adapters.in_memory import Answer, Crash, CrashAt, InMemoryHubSpot, InMemoryStores
from timeline.api import where as api
from timeline.errors import AccountUnreachableError, ReplyRefusedError, WriteUnknownError
from timeline.handlers.noise import BURST
from timeline.handlers.where import Where
from timeline.models import FaultPoint

PORTAL, PHONE = 62515, "+14155551234"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
OPERATOR = {"Authorization": "Bearer operator"}

Ask = Callable[[str], Awaitable[WhereAnswer]]


@pytest.fixture
async def http(memory: InMemoryStores) -> AsyncIterator[httpx2.AsyncClient]:
    """The route over the stores."""
    where = Where(
        refs=memory.refs,
        inbox=memory.inbox,
        entries=memory.entries,
        owners=memory.communications,
        tenants=memory.tenants,
        lanes=memory.accounts,
        hash_number=str.swapcase,
    )
    app = FastAPI()
    failures.install(app)
    known = {"oauth": SecretStr("sister"), "ops": SecretStr("operator")}
    app.include_router(api.router(lambda: known, where, (ConnectionError,)))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://timeline") as client:
        yield client


@pytest.fixture
def ask(http: httpx2.AsyncClient) -> Ask:
    """Asks as an operator does."""

    async def ask(asked: str) -> WhereAnswer:
        answer = await http.post("/ops/where", json={"id": asked}, headers=OPERATOR)
        return WhereAnswer.model_validate_json(answer.content)

    return ask


def whats(answer: WhereAnswer) -> list[str]:
    """What happened, in order."""
    return [step.what for step in answer.steps]


@pytest.mark.parametrize(
    "asked",
    [
        "m1", "acme:m1", "62515:acme:m1", "message.received:acme:m1", "reply.recorded:62515:acme:m1", "chert:msg:m1",
        TRACE, "chat-1", "904", PHONE, f" {PHONE} ", "the communication",
    ],
)  # fmt: skip
async def test_a_reply_is_found_by_every_id(
    start: Any, bring: Any, reply: Any, memory: InMemoryStores, ask: Ask, asked: str
) -> None:
    """Whatever id a customer reads out, the answer is that reply's way, with all its ids, and no text or number."""
    traced = replace(reply(), traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
    await bring(start(), traced)
    record = memory.entries.entries["62515:acme:m1"].communication_id
    assert record is not None

    answer = await ask(record if asked == "the communication" else asked)

    assert ["received", "assigned", "written"] == whats(answer)
    assert {"message_id": "m1", "chat_id": "chat-1", "event_id": "chert:msg:m1", "trace_id": TRACE} == (
        answer.steps[0].ids
    )
    assert {"message_id": "m1", "contact_id": "904", "communication_id": record} == answer.steps[2].ids
    assert (PORTAL, "project-1", "timeline") == (
        answer.steps[2].portal_id,
        answer.steps[2].project_id,
        answer.steps[2].service,
    )
    assert None is answer.next
    assert PHONE not in answer.model_dump_json()
    assert "Yes, please" not in answer.model_dump_json()


async def test_a_whole_conversation_is_told_in_order(
    start: Any, bring: Any, reply: Any, ask: Ask, clock: ManualClock
) -> None:
    """Of a chat with more replies than an answer holds the newest are told."""
    began = clock.now()
    said = [reply(f"m{number:02}", received_at=began + timedelta(seconds=number)) for number in range(60)]
    await bring(start(), *said)

    answer = await ask("chat-1")

    assert 150 == len(answer.steps)
    assert {f"m{number:02}" for number in range(10, 60)} == {step.ids["message_id"] for step in answer.steps}
    assert sorted(step.at for step in answer.steps) == [step.at for step in answer.steps]


async def test_what_nobody_knows_is_an_empty_answer(ask: Ask) -> None:
    """It is no failure to ask."""
    assert WhereAnswer() == await ask("nothing")


async def test_a_reply_that_waits_for_its_account_says_so(
    start: Any, bring: Any, reply: Any, memory: InMemoryStores, ask: Ask
) -> None:
    """A message of a project that nobody connected is found in the inbox."""
    memory.tenants.snapshots.clear()
    await bring(start(), reply())

    answer = await ask("chert:msg:m1")

    assert ["received", "waiting"] == whats(answer)
    assert "connected" in str(answer.next)


@pytest.mark.parametrize("asked", ["m001", "acme:m001", "chert:msg:m001", "chat-1"])
async def test_a_reply_that_is_set_aside_is_found(start: Any, reply: Any, ask: Ask, asked: str) -> None:
    """What a loud project sent is found before it is on any lane, and is told to wait for its turn."""
    await start().store_received([reply(f"m{number:03}", chat_id=f"chat-{number}") for number in range(BURST + 1)])

    answer = await ask(asked)

    assert ["received", "waiting"] == whats(answer)
    assert {"message_id": "m001"} == answer.steps[0].ids
    assert "behind older ones" in (answer.next or "")


async def test_a_reply_that_waited_in_vain_is_over(
    start: Any, bring: Any, reply: Any, memory: InMemoryStores, ask: Ask, clock: ManualClock
) -> None:
    """What no account was connected for in time is told as expired, and nothing comes next."""
    memory.tenants.snapshots.clear()
    await bring(start(), reply())
    await memory.inbox.expire("acme", clock.now() + timedelta(seconds=1), 9)

    answer = await ask("acme:m1")

    assert (["received", "expired"], None) == (whats(answer), answer.next)


async def test_an_unmatched_reply_says_what_it_waits_for(start: Any, bring: Any, reply: Any, ask: Ask) -> None:
    """Without a contact the reply waits for one."""
    await bring(start(), reply(sender="+12125550199"))

    answer = await ask("m1")

    assert ["received", "assigned", "unmatched"] == whats(answer)
    assert "no contact has this number" in str(answer.next)


async def test_a_refused_reply_says_why(start: Any, bring: Any, reply: Any, hubspot: InMemoryHubSpot, ask: Ask) -> None:
    """What HubSpot refused for good has a reason and no next thing."""
    hubspot.answers.append(Answer(ReplyRefusedError("400"), None))
    await bring(start(), reply())

    answer = await ask("m1")

    assert ("failed", "400", None) == (answer.steps[-1].what, answer.steps[-1].detail, answer.next)


async def test_an_open_breaker_says_until_when(
    start: Any, bring: Any, wait: Any, reply: Any, hubspot: InMemoryHubSpot, ask: Ask, clock: ManualClock
) -> None:
    """The next thing is the probe, at the end of the rest."""
    hubspot.answers.extend([Answer(AccountUnreachableError("502"), None)] * 99)
    process = start()
    await bring(process, reply())
    await wait(process, 20)

    answer = await ask("m1")

    assert "breaker is open (502)" in str(answer.next)
    assert answer.next_at is not None
    assert clock.now() < answer.next_at < clock.now() + timedelta(minutes=5)


async def test_a_lost_answer_says_when_it_is_looked_for(
    start: Any, bring: Any, wait: Any, reply: Any, hubspot: InMemoryHubSpot, ask: Ask, clock: ManualClock
) -> None:
    """A write with an unknown end is looked for; found, it says how it was found."""
    hubspot.answers.append(Answer(WriteUnknownError("lost"), timedelta(seconds=40)))
    process = start()
    await bring(process, reply())
    before = await ask("m1")
    await wait(process, 120)
    after = await ask("m1")

    assert "looked for at HubSpot" in str(before.next)
    assert before.next_at is not None
    assert ("written", "found after an answer was lost") == (after.steps[-1].what, after.steps[-1].detail)


async def test_a_look_that_was_cut_off_says_when_it_is_had_again(
    start: Any, bring: Any, wait: Any, reply: Any, hubspot: InMemoryHubSpot, ask: Ask, clock: ManualClock
) -> None:
    """Of a reply whose look a process died in it is told that it is looked for again, and when."""
    hubspot.answers.append(Answer(WriteUnknownError("lost")))
    process = start(CrashAt(FaultPoint.AFTER_LOOK))
    await bring(process, reply())
    with pytest.raises(Crash):
        await wait(process, 80)
    await wait(start(), 27)

    answer = await ask("m1")

    assert "an earlier look was cut off" in str(answer.next)
    assert answer.next_at is not None
    assert clock.now() < answer.next_at <= clock.now() + timedelta(minutes=1)


async def test_an_account_that_rests_says_so(
    start: Any, reply: Any, memory: InMemoryStores, tenant: TenantSnapshot, ask: Ask
) -> None:
    """A disconnected account's reply waits for a reconnect, a paused one's for its operator."""
    process = start()
    await process.store_received([reply()])
    assert "as soon as a process takes up" in str((await ask("m1")).next)

    memory.tenants.snapshots[PORTAL] = tenant.model_copy(update={"status": "uninstalled"})
    assert "connected again" in str((await ask("m1")).next)
    memory.tenants.snapshots[PORTAL] = tenant.model_copy(update={"paused": True})
    assert "resumes" in str((await ask("m1")).next)


async def test_a_forgotten_person_leads_nowhere(
    start: Any, bring: Any, reply: Any, memory: InMemoryStores, ask: Ask, clock: ManualClock
) -> None:
    """After a deletion for privacy neither number nor contact finds anything; message ids still do."""
    process = start()
    await bring(process, reply())
    assert [] != whats(await ask(PHONE))

    await process.contacts.erased(ContactErased(portal_id=PORTAL, contact_id="904", occurred_at=clock.now()))

    assert [] == whats(await ask(PHONE))
    assert [] == whats(await ask("904"))
    assert ["received", "assigned", "written"] == whats(await ask("m1"))
    assert [] == [key for key in memory.refs.refs if key.startswith(("phone:", "contact:"))]


@pytest.mark.parametrize("credential", [None, "sister", "wrong"])
async def test_only_operators_may_ask(http: httpx2.AsyncClient, credential: str | None) -> None:
    """Neither a sister service nor a stranger learns anything."""
    headers = {} if credential is None else {"Authorization": f"Bearer {credential}"}

    answer = await http.post("/ops/where", json={"id": "m1"}, headers=headers)

    assert 401 == answer.status_code
    assert not Failure.model_validate_json(answer.content).retryable


async def test_a_database_that_is_away_is_a_failure_for_later(http: httpx2.AsyncClient, memory: InMemoryStores) -> None:
    """The operator is told to ask again."""

    async def away(*_: object) -> Any:
        raise ConnectionError

    memory.tenants.everyone = away  # type: ignore[method-assign] # the one store that every question begins with

    answer = await http.post("/ops/where", json={"id": "m1"}, headers=OPERATOR)

    assert (503, True) == (answer.status_code, Failure.model_validate_json(answer.content).retryable)
