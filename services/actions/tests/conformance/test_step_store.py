"""The battery of `StepStore`."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from actions.adapters.in_memory import InMemoryStepStore
from actions.adapters.mongo import MongoStepStore
from actions.models import Accepted, Refused, Reply, Step, StepPlan
from actions.ports import StepStore
from chassis.mongo import Document

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
ACCEPTED = Accepted(message_id="m1", lead_id="chat-1", lead_created=True, phone_line_id=None)


@pytest.fixture
async def mongo_store(mongo_database: AsyncDatabase[Document]) -> MongoStepStore:
    """A fresh store with its indexes."""
    store = MongoStepStore(mongo_database)
    await store.ensure_indexes()
    return store


@pytest.fixture
def store(backend: str, request: pytest.FixtureRequest) -> StepStore:
    """A fresh store."""
    return InMemoryStepStore() if backend == "in memory" else request.getfixturevalue("mongo_store")


@pytest.fixture
def step() -> Step:
    """A parked step."""
    return Step(
        key="wf:62515:ap-1",
        portal_id=62515,
        contact_id="904",
        plan=StepPlan(callback_id="ap-1", if_not_now="wait", wait_days=5, reply_days=2),
        state="parked",
        due_at=AT,
        opened_at=AT,
        chert_tenant="acme",
        phone_line_id="line-1",
    )


def waiting(step: Step, chat_id: str = "chat-1") -> Step:
    """The step, waiting for a reply."""
    return replace(step, state="awaiting_reply", chat_id=chat_id, sent_at=AT, outcome=ACCEPTED)


@pytest.mark.parametrize("reply", [None, Reply(replied=True, text="Zoë 🎈", at=AT), Reply(replied=False)])
@pytest.mark.parametrize("outcome", [None, ACCEPTED, Refused(code=4002, error="no", retryable=True)])
async def test_every_member_survives(
    store: StepStore, step: Step, reply: Reply | None, outcome: Accepted | Refused | None
) -> None:
    """Whatever a step may hold comes back as it was kept, and a second opening changes nothing."""
    full = replace(step, reply=reply, outcome=outcome, chat_id="chat-1", sent_at=AT, tries=3)
    await store.open(full)
    await store.open(replace(full, contact_id="905"))

    assert full == await store.find(step.key)
    assert await store.find("wf:62515:other") is None


async def test_due_steps_come_longest_due_first(store: StepStore, step: Step) -> None:
    """What is due later is left out, and no more come than asked."""
    for key, minutes in (("b", 2), ("a", 1), ("d", 11), ("c", 3)):
        await store.open(replace(step, key=key, due_at=AT + timedelta(minutes=minutes)))

    now = AT + timedelta(minutes=10)

    assert ["a", "b", "c"] == [one.key for one in await store.due(now, 10)]
    assert ["a"] == [one.key for one in await store.due(now, 1)]


async def test_of_many_changes_of_one_turn_one_counts(store: StepStore, step: Step) -> None:
    """32 who saw the same step: one changes it, and the others are told so."""
    await store.open(step)

    changed = await asyncio.gather(*(store.change(step, replace(step, tries=number)) for number in range(32)))

    [winner] = [one for one in changed if one is not None]
    assert 2 == winner.turn
    assert winner == await store.find(step.key)


@pytest.mark.parametrize("microsecond", [0, 123_456])
async def test_a_change_made_again_is_its_own(store: StepStore, step: Step, microsecond: int) -> None:
    """Whoever does not know whether their change arrived may make it again, however fine their clock is."""
    await store.open(step)
    at = AT.replace(microsecond=microsecond)
    changed = replace(waiting(step), due_at=at, sent_at=at, reply=Reply(replied=True, text="yes", at=at))

    first = await store.change(step, changed)
    again = await store.change(step, changed)

    assert first is not None
    assert again is not None
    assert (first.turn, first.state) == (again.turn, again.state)
    assert await store.change(step, replace(changed, tries=1)) is None


async def test_a_change_of_what_is_gone_changes_nothing(store: StepStore, step: Step) -> None:
    """A finished or unknown step cannot be changed."""
    assert await store.change(step, waiting(step)) is None
    await store.open(step)
    await store.finish(step)
    assert await store.change(step, waiting(step)) is None
    assert await store.find(step.key) is None


async def test_only_those_who_wait_in_a_chat_are_watching(store: StepStore, step: Step) -> None:
    """Steps are found by Chert tenant and chat, from when they wait until they do no more."""
    await store.open(waiting(step))
    await store.open(replace(waiting(step), key="second"))
    await store.open(replace(waiting(step, "chat-2"), key="elsewhere"))
    await store.open(replace(waiting(step), key="another tenant's", chert_tenant="other"))
    await store.open(replace(step, key="parked", chat_id="chat-1"))
    chats = {("acme", "chat-1")}

    assert {step.key, "second"} == {one.key for one in await store.watching(chats)}

    await store.change(waiting(step), replace(waiting(step), state="completing"))
    assert ["second"] == [one.key for one in await store.watching(chats)]
    assert [] == list(await store.watching({("acme", "chat-9")}))


async def test_a_step_that_begins_to_wait_is_watched_from_then_on(store: StepStore, step: Step) -> None:
    """A parked step has no chat; once it is sent, its replies are seen."""
    await store.open(step)
    assert [] == list(await store.watching({("acme", "chat-1")}))

    await store.change(step, waiting(step))

    assert [step.key] == [one.key for one in await store.watching({("acme", "chat-1")})]


async def test_a_finished_step_keeps_its_reply_until_it_is_erased(store: StepStore, step: Step) -> None:
    """Repeats get the same reply; erasing a contact takes the words and leaves the rest."""
    done = replace(waiting(step), reply=Reply(replied=True, text="yes", at=AT))
    await store.open(done)
    await store.finish(done)
    await store.finish(done)
    assert Reply(replied=True, text="yes", at=AT) == await store.finished(step.key)
    assert [] == list(await store.watching({("acme", "chat-1")}))

    await store.erase(step.portal_id, "905")
    assert Reply(replied=True, text="yes", at=AT) == await store.finished(step.key)
    await store.erase(step.portal_id, step.contact_id)
    assert Reply(replied=True, text="", at=AT) == await store.finished(step.key)
    assert await store.finished("wf:62515:other") is None


async def test_replies_of_finished_steps_go_after_their_time(store: StepStore, step: Step) -> None:
    """What was written before a moment goes, in this account alone; that there was a reply stays; open steps wait."""
    done = replace(waiting(step), reply=Reply(replied=True, text="yes", at=AT))
    for key, changes in (("mine", {}), ("another account's", {"portal_id": step.portal_id + 1})):
        await store.open(replace(done, key=key, **changes))
        await store.finish(replace(done, key=key, **changes))
    await store.open(done)
    later = AT + timedelta(milliseconds=1)

    assert [0, 1, 0] == [await store.purge(step.portal_id, before) for before in (AT, later, later)]

    assert Reply(replied=True, text="", at=AT) == await store.finished("mine")
    assert done.reply == await store.finished("another account's")
    kept = await store.find(done.key)
    assert kept is not None
    assert done.reply == kept.reply


async def test_open_steps_are_found_together(store: StepStore, step: Step) -> None:
    """Those that are open of many keys; one that is finished or unknown is none."""
    for key in ("open", "finished"):
        await store.open(replace(step, key=key))
    await store.finish(replace(step, key="finished"))

    assert ["open"] == [one.key for one in await store.find_all(["open", "finished", "unknown"])]
