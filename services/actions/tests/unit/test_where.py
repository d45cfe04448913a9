"""`POST /ops/where`: what this service did with whatever an id belongs to."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from actions.adapters.in_memory import (
    InMemoryCreationRecords,
    InMemoryReferenceStore,
    InMemorySendStore,
    InMemoryStepStore,
)
from actions.api.ops import router
from actions.errors import StoreAwayError
from actions.handlers.where import Where
from actions.models import (
    Accepted,
    Attempt,
    Lease,
    Outgoing,
    Refused,
    Send,
    SettledCreation,
    Step,
    StepPlan,
    references_of_creation,
)
from chassis.clock import ManualClock
from chassis.failures import install
from chassis.number_hash import KeyedNumberHash
from chassis.settings import NotLoadedError
from contracts.ops import WhereAnswer

AT = datetime(2026, 11, 22, 11, tzinfo=UTC)
NUMBER, CANARY = "+14155550132", "canary text of a message"
KEY = "wf:62515:ap-62515-1-7-0"
BEGUN, SENT = Attempt("begun", AT, 1, "a" * 32), Attempt("sent", AT + timedelta(seconds=1), 1, "b" * 32)
ACCEPTED = Accepted(message_id="message-1", lead_id="chat-1", lead_created=True, phone_line_id=None)


def send(key: str = KEY, **changes: object) -> Send:
    """A send of a workflow that Chert took."""
    taken = Send(
        key=key,
        portal_id=62515,
        generation=1,
        project_id="p-acme",
        chert_tenant="acme",
        contact_id="904",
        source="workflow",
        workflow_id=9,
        user_id=None,
        fingerprint="f",
        plan=Outgoing(phone=NUMBER, body=CANARY, external_id="904", name="Jo"),
        claimed_at=AT,
        lease=Lease(None, 1, 1),
        attempts=(BEGUN, SENT),
        answer=ACCEPTED,
        step=StepPlan(callback_id="ap-62515-1-7-0"),
    )
    return replace(taken, **changes)  # type: ignore[arg-type]  # a test names the members it changes


@pytest.fixture
def references(sends: InMemorySendStore) -> InMemoryReferenceStore:
    """Which keys an id belongs to."""
    return InMemoryReferenceStore(sends)


@pytest.fixture
def creations() -> InMemoryCreationRecords:
    """What became of created contacts."""
    return InMemoryCreationRecords()


@pytest.fixture
def where(
    references: InMemoryReferenceStore,
    sends: InMemorySendStore,
    steps: InMemoryStepStore,
    creations: InMemoryCreationRecords,
    number_hash: KeyedNumberHash,
    clock: ManualClock,
) -> Where:
    """The use case."""
    return Where(
        references=references, sends=sends, steps=steps, creations=creations, number_hash=number_hash, clock=clock
    )


@pytest.fixture
def told(sends: InMemorySendStore, number_hash: KeyedNumberHash) -> Send:
    """A finished send."""
    sends.sends[KEY] = send(number_hash=number_hash(NUMBER))
    return sends.sends[KEY]


@pytest.mark.parametrize(
    "known_as",
    [KEY, f"message.sent:{KEY}", "ap-62515-1-7-0", "904", "message-1", "chat-1", "b" * 32, NUMBER],
)
async def test_every_id_of_a_send_finds_it(where: Where, told: Send, known_as: str) -> None:
    """Claim, event, callback, contact, message, chat, trace and number all lead to the same two lines of history."""
    answer = await where(known_as)

    assert ["begun", "sent"] == [step.what for step in answer.steps]
    assert ("message-1", "chat-1", "904", "ap-62515-1-7-0") == tuple(
        answer.steps[1].ids[name] for name in ("message_id", "chat_id", "contact_id", "callback_id")
    )
    assert answer.next is None
    assert [] == [secret for secret in (NUMBER[1:], CANARY, "Jo") if secret in answer.model_dump_json()]


@pytest.mark.parametrize("known_as", ["nothing", "+14155550199", "c" * 32])
async def test_what_nobody_knows_is_an_empty_answer(where: Where, told: Send, known_as: str) -> None:
    """No failure, and nothing of anybody else."""
    assert WhereAnswer() == await where(known_as)


async def test_a_step_that_waits_says_what_comes_next(
    where: Where,
    sends: InMemorySendStore,
    steps: InMemoryStepStore,
    number_hash: KeyedNumberHash,
) -> None:
    """A send that has no event yet is found by its callback and number, with the moment at which it is tried again."""
    parked, due = replace(SENT, status="parked", code=4002), AT + timedelta(minutes=10)
    sends.sends[KEY] = send(attempts=(BEGUN, parked), answer=None, parked_until=due, number_hash=number_hash(NUMBER))
    await steps.open(
        Step(
            key=KEY,
            portal_id=62515,
            contact_id="904",
            plan=StepPlan(callback_id="ap-62515-1-7-0"),
            state="parked",
            due_at=due,
            opened_at=AT,
            chert_tenant="acme",
        )
    )

    answers = [await where(known_as) for known_as in ("ap-62515-1-7-0", NUMBER, "b" * 32)]

    assert [("Chert is asked again", due)] * 3 == [(answer.next, answer.next_at) for answer in answers]
    assert ["begun", "parked", "parked"] == [step.what for step in answers[0].steps]
    assert "(4002)" in str(answers[0].steps[2].detail)


async def test_a_refusal_says_why(where: Where, sends: InMemorySendStore) -> None:
    """With the words and the code that were answered."""
    refused = Refused(code=1013, error="contact has no usable phone number")
    sends.sends[KEY] = send(attempts=(BEGUN, replace(SENT, status="refused")), plan=refused, answer=refused)

    answer = await where(KEY)

    assert "contact has no usable phone number (1013)" == answer.steps[-1].detail


async def test_a_created_contact_without_a_template_is_found(
    where: Where, creations: InMemoryCreationRecords, references: InMemoryReferenceStore
) -> None:
    """By its contact, with the reason; where it is off, contacts leave no mark beside their record."""
    skipped = SettledCreation(
        key="cc:62515:904", portal_id=62515, status="skipped", reason="imported", at=AT, trace_id="a" * 32
    )
    await creations.record([skipped])
    await references.note(references_of_creation(skipped))

    answer = await where("904")

    assert [("skipped", "no template for this created contact: imported")] == [
        (step.what, step.detail) for step in answer.steps
    ]
    assert () == references_of_creation(replace(skipped, reason="off"))


CREDENTIALS = {"oauth": SecretStr("of-oauth"), "ops": SecretStr("of-operators")}


async def ask(where: Where, credential: str | None, body: object, *, loaded: bool = True) -> httpx2.Response:
    """Call the route."""

    def credentials() -> Mapping[str, SecretStr]:
        if not loaded:
            raise NotLoadedError("absent")
        return CREDENTIALS

    app = FastAPI()
    install(app)
    app.include_router(router(credentials, where))
    headers = {} if credential is None else {"Authorization": f"Bearer {credential}"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://actions.test") as client:
        return await client.post("/ops/where", json=body, headers=headers)


async def test_an_operator_is_answered(where: Where, told: Send) -> None:
    """The answer comes as the contract has it."""
    response = await ask(where, "of-operators", {"id": NUMBER})

    assert 200 == response.status_code
    assert 2 == len(WhereAnswer.model_validate_json(response.content).steps)


@pytest.mark.parametrize(("credential", "code"), [(None, 2012), ("of-oauth", 2004), ("wrong", 2004)])
async def test_nobody_else_is(where: Where, credential: str | None, code: int) -> None:
    """No credential, a sister service's, a wrong one: a typed 401."""
    response = await ask(where, credential, {"id": "904"})

    assert (401, code) == (response.status_code, response.json()["code"])


@pytest.mark.parametrize("body", [{}, {"id": ""}, {"id": "x" * 513}, {"id": 7}, {"id": "904", "more": 1}, []])
async def test_odd_questions_are_refused(where: Where, body: object) -> None:
    """What can be no id's question is a typed 400."""
    assert 400 == (await ask(where, "of-operators", body)).status_code


async def test_what_is_away_is_temporary(where: Where, sends: InMemorySendStore) -> None:
    """The database, and credentials that are not read yet: 503, to be asked again."""
    sends.faults.plan("before find", StoreAwayError("x"))

    away = await ask(where, "of-operators", {"id": "904"})
    unread = await ask(where, "of-operators", {"id": "904"}, loaded=False)

    assert [(503, True)] * 2 == [(one.status_code, one.json()["retryable"]) for one in (away, unread)]
