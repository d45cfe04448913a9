"""What sister services are told, and nobody else."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from chassis import failures
from chassis.clock import ManualClock
from contracts.internal import InboundMessage, ReplyActivityPage
from contracts.tenants import TenantSnapshot
from timeline.adapters.in_memory import Answer, InMemoryHubSpot, InMemoryStores
from timeline.api import router
from timeline.errors import AccountUnreachableError, ReplyRefusedError
from timeline.handlers.activity import read_activity
from timeline.handlers.messages import read_message

PATH = "/internal/activity/62515"
SERVICE = {"Authorization": "Bearer credential"}


@pytest.fixture
async def http(memory: InMemoryStores) -> AsyncIterator[httpx2.AsyncClient]:
    """The routes over the stores."""
    app = FastAPI()
    failures.install(app)
    read = partial(read_activity, entries=memory.stores.entries, breakers=memory.stores.lanes)
    look = partial(read_message, receivers=memory.stores.inbox, entries=memory.stores.entries)
    app.include_router(router(lambda: {"oauth": SecretStr("credential")}, read, look, (ConnectionError,)))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://timeline") as client:
        yield client


@pytest.fixture
def since(clock: ManualClock) -> dict[str, str]:
    """Everything there is."""
    return {"since": clock.now().isoformat()}


async def test_an_admin_sees_what_became_of_each_reply(
    http: httpx2.AsyncClient, since: Any, start: Any, bring: Any, reply: Any, hubspot: InMemoryHubSpot,
    clock: ManualClock,
) -> None:  # fmt: skip
    """Newest first, numbers masked, without a word of the text: written, failed and why, unmatched."""
    process = start()
    await bring(process, reply("m1", text="Nobody else reads this"))
    clock.advance(1)
    hubspot.answers.append(Answer(ReplyRefusedError("400"), None))
    await bring(process, reply("m2"))
    clock.advance(1)
    await bring(process, reply("m3", chat_id="chat-2", sender="+12125550199"))

    answer = await http.get(PATH, params=since, headers=SERVICE)

    page = ReplyActivityPage.model_validate_json(answer.content)
    assert [("unmatched", "no contact"), ("failed", "400"), ("written", "")] == [
        (one.status, one.words) for one in page.replies
    ]
    assert ["••• 0199", "••• 1234", "••• 1234"] == [one.phone for one in page.replies]
    assert "Nobody else" not in answer.text
    assert page.breaker is not None
    assert not page.breaker.open


async def test_an_admin_sees_that_writing_rests(
    http: httpx2.AsyncClient, since: Any, start: Any, bring: Any, wait: Any, reply: Any, hubspot: InMemoryHubSpot
) -> None:
    """An open breaker is shown with its reason, and the reply as waiting."""
    hubspot.answers.extend([Answer(AccountUnreachableError("502"), None)] * 99)
    process = start()
    await bring(process, reply())
    await wait(process, 20)

    page = ReplyActivityPage.model_validate_json((await http.get(PATH, params=since, headers=SERVICE)).content)

    assert page.breaker is not None
    assert (True, "502") == (page.breaker.open, page.breaker.words)
    assert ["waiting"] == [one.status for one in page.replies]


async def test_one_account_sees_nothing_of_another(
    http: httpx2.AsyncClient, since: Any, start: Any, bring: Any, reply: Any
) -> None:
    """An account's activity is its own."""
    await bring(start(), reply())

    answer = await http.get("/internal/activity/7", params=since, headers=SERVICE)

    assert [] == answer.json()["replies"]


async def test_a_message_is_told_with_its_content(
    http: httpx2.AsyncClient, start: Any, bring: Any, reply: Any, memory: InMemoryStores, tenant: TenantSnapshot
) -> None:
    """Its page is told who wrote what and when, and how it stands at every account that was given it."""
    other = tenant.model_copy(update={"portal_id": 7})
    memory.tenants.snapshots[7] = other
    await bring(start(), reply("m/1 ?", text="Yes, please"))

    answer = await http.get("/internal/messages/acme/m%2F1%20%3F", headers=SERVICE)

    message = InboundMessage.model_validate_json(answer.content)
    assert ("+14155551234", ["Yes, please"], True) == (
        message.sender,
        [part.value for part in message.parts],
        message.content_kept,
    )
    assert [(7, "unmatched", "no contact", None), (62515, "written", "", "904")] == [
        (one.portal_id, one.status, one.words, one.contact_id) for one in message.accounts
    ]


async def test_a_forgotten_message_is_told_without_its_content(
    http: httpx2.AsyncClient, start: Any, bring: Any, reply: Any, memory: InMemoryStores, clock: ManualClock
) -> None:
    """Once its contact was erased, nothing is told but when it came, and that its content is gone."""
    await bring(start(), reply())
    await memory.entries.erase(62515, "904", (), clock.now())

    answer = await http.get("/internal/messages/acme/m1", headers=SERVICE)

    message = InboundMessage.model_validate_json(answer.content)
    assert (False, "", (), clock.now()) == (message.content_kept, message.sender, message.parts, message.received_at)
    assert "4155551234" not in answer.text


@pytest.mark.parametrize("path", ["acme/m2", "globex/m1", "acme/62515:acme:m1"])
async def test_a_message_that_is_not_there_is_not_found(
    http: httpx2.AsyncClient, start: Any, bring: Any, reply: Any, path: str
) -> None:
    """A message that no account was given, or of another project, is 404."""
    await bring(start(), reply())

    answer = await http.get(f"/internal/messages/{path}", headers=SERVICE)

    assert (404, 2011) == (answer.status_code, answer.json()["code"])


@pytest.mark.parametrize("path", [PATH, "/internal/messages/acme/m1"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer other"}, {"Authorization": "Basic credential"}])
async def test_only_services_are_answered(
    http: httpx2.AsyncClient, since: Any, headers: dict[str, str], path: str
) -> None:
    """Without a service credential nothing is told."""
    answer = await http.get(path, params=since, headers=headers)

    assert (401, False) == (answer.status_code, answer.json()["ok"])


async def test_an_outage_of_the_database_is_temporary(
    http: httpx2.AsyncClient, since: Any, memory: InMemoryStores
) -> None:
    """While the database is away the answer is 503: ask again."""

    async def away(*_: object) -> None:
        raise ConnectionError

    memory.entries.latest = away  # type: ignore[method-assign,assignment] # the one store that fails
    memory.inbox.accounts_of = away  # type: ignore[method-assign,assignment] # and the other

    assert 503 == (await http.get(PATH, params=since, headers=SERVICE)).status_code
    assert 503 == (await http.get("/internal/messages/acme/m1", headers=SERVICE)).status_code
