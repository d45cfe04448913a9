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
from contracts.internal import ReplyActivityPage
from timeline.adapters.in_memory import Answer, InMemoryHubSpot, InMemoryStores
from timeline.api import router
from timeline.errors import AccountUnreachableError, ReplyRefusedError
from timeline.handlers.activity import read_activity

PATH = "/internal/activity/62515"
SERVICE = {"Authorization": "Bearer credential"}


@pytest.fixture
async def http(memory: InMemoryStores) -> AsyncIterator[httpx2.AsyncClient]:
    """The routes over the stores."""
    app = FastAPI()
    failures.install(app)
    read = partial(read_activity, entries=memory.stores.entries, breakers=memory.stores.lanes)
    app.include_router(router(lambda: {"oauth": SecretStr("credential")}, read, (ConnectionError,)))
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


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer other"}, {"Authorization": "Basic credential"}])
async def test_only_services_are_answered(http: httpx2.AsyncClient, since: Any, headers: dict[str, str]) -> None:
    """Without a service credential nothing is told."""
    answer = await http.get(PATH, params=since, headers=headers)

    assert (401, False) == (answer.status_code, answer.json()["ok"])


async def test_an_outage_of_the_database_is_temporary(
    http: httpx2.AsyncClient, since: Any, memory: InMemoryStores
) -> None:
    """While the database is away the answer is 503: ask again."""

    async def away(*_: object) -> None:
        raise ConnectionError

    memory.entries.latest = away  # type: ignore[method-assign,assignment] # the one store that fails

    assert 503 == (await http.get(PATH, params=since, headers=SERVICE)).status_code
