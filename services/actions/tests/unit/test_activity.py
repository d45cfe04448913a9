"""What `oauth` may ask: the latest sends of an account, without texts, numbers masked."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from actions.adapters.in_memory import InMemoryCardOpenings, InMemorySendStore
from actions.api.activity import router
from actions.errors import StoreAwayError
from actions.handlers.activity import read_activity
from actions.models import Accepted, Attempt, Lease, Outgoing, Refused, Send
from chassis.failures import install
from contracts.internal import SendActivityPage

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
PORTAL = 62515
CANARY = "canary text of a message"
SENT = Accepted(message_id="m1", lead_id="l1", lead_created=True, phone_line_id=None)


def send(key: str, **changes: object) -> Send:
    """A send that Chert took."""
    usual: dict[str, object] = {
        "key": key,
        "portal_id": PORTAL,
        "generation": 1,
        "project_id": "p-acme",
        "chert_tenant": "acme",
        "contact_id": "901",
        "source": "workflow",
        "workflow_id": 1,
        "user_id": None,
        "fingerprint": "f",
        "plan": Outgoing(phone="+14155550132", body=CANARY, external_id="901", name="Jo"),
        "claimed_at": AT,
        "lease": Lease(None, 1, 1),
        "attempts": (Attempt("begun", AT, 1, "a" * 32), Attempt("sent", AT, 1, "b" * 32)),
        "answer": SENT,
    }
    return Send(**{**usual, **changes})  # type: ignore[arg-type]  # a test names the members it changes


@pytest.fixture
def store(sends: InMemorySendStore) -> InMemorySendStore:
    """Sends of every kind."""
    refused = Refused(code=1013, error="contact has no usable phone number")
    waiting = (Attempt("begun", AT, 1, "c" * 32), Attempt("unsent", AT, 1, "d" * 32, code=3002))
    for one in (
        send("sent"),
        send("refused", claimed_at=AT + timedelta(minutes=1), plan=refused, answer=refused),
        send("waiting", claimed_at=AT + timedelta(minutes=2), source="card", attempts=waiting, answer=None),
        send("repeat", claimed_at=AT + timedelta(minutes=3), same_as="sent"),
        send("other", portal_id=PORTAL + 1),
        send("old", claimed_at=AT - timedelta(days=40)),
    ):
        sends.sends[one.key] = one
    return sends


async def test_the_latest_come_first(store: InMemorySendStore, openings: InMemoryCardOpenings) -> None:
    """Sends of this account alone, since the moment, newest first, each request once, with what became of it."""
    page = await read_activity(PORTAL, AT - timedelta(days=30), 10, sends=store, openings=openings)

    assert [("waiting", 3002, ""), ("refused", 1013, "contact has no usable phone number"), ("sent", None, "")] == [
        (one.status, one.code, one.words) for one in page.sends
    ]
    assert ["••• 0132", "", "••• 0132"] == [one.phone for one in page.sends]
    assert "d" * 32 == page.sends[0].trace_id
    assert AT + timedelta(minutes=1) == page.action_called_at


async def test_a_limit_does_not_hide_the_last_call(store: InMemorySendStore, openings: InMemoryCardOpenings) -> None:
    """When the action was last called is told however few sends are asked for."""
    page = await read_activity(PORTAL, AT - timedelta(days=30), 1, sends=store, openings=openings)

    assert ["waiting"] == [one.status for one in page.sends]
    assert AT + timedelta(minutes=1) == page.action_called_at


async def test_no_text_and_no_number_leaves(store: InMemorySendStore, openings: InMemoryCardOpenings) -> None:
    """Neither a message nor a whole number is in the answer."""
    page = await read_activity(PORTAL, AT - timedelta(days=90), 100, sends=store, openings=openings)

    for secret in (CANARY, "4155550132", "Jo"):
        assert secret not in page.model_dump_json()


@pytest.fixture
def api(store: InMemorySendStore, openings: InMemoryCardOpenings) -> httpx2.AsyncClient:
    """The route."""

    async def read(portal_id: int, since: datetime, limit: int) -> SendActivityPage:
        return await read_activity(portal_id, since, limit, sends=store, openings=openings)

    app = FastAPI()
    install(app)
    app.include_router(router(lambda: {"oauth": SecretStr("the-credential")}, read))
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://actions.test")


def ask(credential: str | None = "the-credential", **query: str) -> httpx2.Request:
    """A request with a credential."""
    headers = {} if credential is None else {"Authorization": f"Bearer {credential}"}
    params = {"since": AT.isoformat(), **query}
    return httpx2.Request("GET", f"http://actions.test/internal/activity/{PORTAL}", params=params, headers=headers)


async def test_a_service_with_its_credential_is_answered(api: httpx2.AsyncClient) -> None:
    """The page comes as the contract has it."""
    response = await api.send(ask(limit="2"))

    assert 200 == response.status_code
    assert 2 == len(SendActivityPage.model_validate_json(response.content).sends)


@pytest.mark.parametrize(("credential", "code"), [(None, 2012), ("wrong", 2004), ("the-credentia", 2004)])
async def test_nobody_else_is(api: httpx2.AsyncClient, credential: str | None, code: int) -> None:
    """Without the credential there is nothing."""
    response = await api.send(ask(credential))

    assert (401, code) == (response.status_code, response.json()["code"])


@pytest.mark.parametrize(
    "query", [{"since": "yesterday"}, {"since": "2026-11-22T12:00:00"}, {"limit": "0"}, {"limit": "501"}]
)
async def test_odd_questions_are_refused(api: httpx2.AsyncClient, query: dict[str, str]) -> None:
    """A moment without a zone, none at all, and numbers out of bounds are no questions."""
    response = await api.send(ask(**query))

    assert 400 == response.status_code


async def test_a_database_that_is_away_is_temporary(api: httpx2.AsyncClient, store: InMemorySendStore) -> None:
    """It is said so, and may be asked again."""
    store.faults.plan("before latest", StoreAwayError("x"))
    response = await api.send(ask())

    assert (503, True) == (response.status_code, response.json()["retryable"])


async def test_an_opened_card_is_told(store: InMemorySendStore, openings: InMemoryCardOpenings) -> None:
    """An admin sees that the card was opened in this account, and in no other."""
    await openings.note(PORTAL)

    opened, other = [
        await read_activity(portal_id, AT, 1, sends=store, openings=openings) for portal_id in (PORTAL, PORTAL + 1)
    ]

    assert (AT, None) == (opened.card_opened_at, other.card_opened_at)
