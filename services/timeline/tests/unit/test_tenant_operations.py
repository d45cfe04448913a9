"""What operators ask and do about an account's timeline."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from chassis import failures
from chassis.clock import ManualClock
from contracts.tenant_operations import Removed, TenantsAnswer, TenantWork
from contracts.tenants import TenantSnapshot
from timeline.adapters.in_memory import Answer, InMemoryHubSpot, InMemoryStores
from timeline.api import tenants as api
from timeline.errors import AccountUnreachableError
from timeline.handlers.noise import BURST
from timeline.handlers.tenant_work import TenantOperations
from timeline.models import Received

PORTAL = 62515
OPERATOR = {"Authorization": "Bearer operator"}


def changed(tenant: TenantSnapshot, **members: Any) -> TenantSnapshot:
    """The next snapshot of an account."""
    return tenant.model_copy(update={"revision": tenant.revision + 1, **members})


@pytest.fixture
def woken() -> list[int]:
    """Lanes that were woken."""
    return []


@pytest.fixture
async def http(
    memory: InMemoryStores, start: Any, clock: ManualClock, woken: list[int]
) -> AsyncIterator[httpx2.AsyncClient]:
    """The routes over the stores."""
    operations = TenantOperations(
        tenants=memory.tenants,
        lanes=memory.accounts,
        work_lists=memory.lanes,
        queues=memory.queues,
        data=memory.accounts,
        refs=memory.refs,
        names=memory.inbox,
        contacts=start().contacts,
        work_soon=woken.extend,
        clock=clock,
    )
    app = FastAPI()
    failures.install(app)
    known = {"oauth": SecretStr("sister"), "ops": SecretStr("operator")}
    app.include_router(api.router(lambda: known, operations, (ConnectionError,)))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://timeline") as client:
        yield client


async def ask(http: httpx2.AsyncClient, *portal_ids: int) -> tuple[TenantWork, ...]:
    """What is to be done for accounts."""
    answer = await http.post("/ops/tenants", json={"portal_ids": portal_ids}, headers=OPERATOR)
    return TenantsAnswer.model_validate_json(answer.content).tenants


async def test_a_paused_account_keeps_its_replies(
    http: httpx2.AsyncClient, start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, tenant: TenantSnapshot
) -> None:
    """While an operator pauses an account nothing is written and nothing lost; resumed, it goes on."""
    process = start()
    await process.tenants.project(changed(tenant, paused=True))
    await bring(process, reply())
    await wait(process, 30)
    assert [] == on_timeline()
    (paused,) = await ask(http, PORTAL)
    assert (True, 1, False) == (paused.paused, paused.waiting, paused.working)

    await process.tenants.project(changed(tenant, revision=tenant.revision + 2))
    await wait(process, 15)

    assert ["62515:acme:m1"] == on_timeline()
    assert 0 == (await ask(http, PORTAL))[0].waiting


async def test_an_open_breaker_is_shown_and_reset(
    http: httpx2.AsyncClient, start: Any, bring: Any, wait: Any, reply: Any, hubspot: InMemoryHubSpot,
    on_timeline: Any, work_off: Any, woken: list[int],
) -> None:  # fmt: skip
    """A resting account says why and until when; a reset closes its breaker, and its replies go out at once."""
    hubspot.answers.extend([Answer(AccountUnreachableError("502"), None)] * 99)
    process = start()
    await bring(process, reply())
    await wait(process, 20)
    (resting,) = await ask(http, PORTAL)
    assert resting.breaker is not None
    assert (True, "502", True) == (resting.breaker.open, resting.breaker.words, resting.resting_until is not None)

    hubspot.answers.clear()
    answer = await http.post(f"/ops/tenants/{PORTAL}/breaker-reset", headers=OPERATOR)
    await work_off(process)

    after = TenantWork.model_validate_json(answer.content)
    assert after.breaker is not None
    assert (False, None) == (after.breaker.open, after.resting_until)
    assert [PORTAL] == woken
    assert ["62515:acme:m1"] == on_timeline()


async def test_accounts_are_answered_in_the_order_of_the_question(http: httpx2.AsyncClient) -> None:
    """An account that this service never heard of is told as such."""
    answered = await ask(http, 7, PORTAL)

    assert [(7, None, 0), (PORTAL, "active", 1_795_348_800_000)] == [
        (one.portal_id, one.status, one.revision) for one in answered
    ]


async def test_a_person_is_forgotten_once(
    http: httpx2.AsyncClient, start: Any, bring: Any, reply: Any, memory: InMemoryStores
) -> None:
    """Erasing says how much was removed and what stays; nothing of the text is left."""
    await bring(start(), reply(text="Nobody else reads this"))

    answer = await http.post(f"/ops/tenants/{PORTAL}/erase-contact", json={"contact_id": "904"}, headers=OPERATOR)

    removed = Removed.model_validate_json(answer.content)
    assert ("timeline", {"replies": 1, "conversations": 1}) == (removed.service, removed.removed)
    assert removed.kept
    assert "Nobody" not in repr([entry.message.parts for entry in memory.entries.entries.values()])


async def test_only_a_purged_account_is_forgotten(
    http: httpx2.AsyncClient, start: Any, bring: Any, reply: Any, tenant: TenantSnapshot, memory: InMemoryStores
) -> None:
    """An account that `oauth` still keeps is refused, and keeps everything; a purged one goes bit by bit."""
    process = start()
    await bring(process, reply())
    refused = await http.post(f"/ops/tenants/{PORTAL}/purge", headers=OPERATOR)
    assert (409, "not_purged", 1) == (refused.status_code, refused.json()["reason"], len(memory.entries.entries))

    await process.tenants.project(changed(tenant, status="purged"))
    first = await http.post(f"/ops/tenants/{PORTAL}/purge", headers=OPERATOR)
    second = await http.post(f"/ops/tenants/{PORTAL}/purge", headers=OPERATOR)

    assert 1 == first.json()["removed"]["entries"]
    assert {} == second.json()["removed"]
    assert {} == memory.entries.entries


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer sister"}, {"Authorization": "Bearer operator2"}])
@pytest.mark.parametrize("path", ["", "/62515/breaker-reset", "/62515/erase-contact", "/62515/purge"])
async def test_only_operators_are_answered(http: httpx2.AsyncClient, path: str, headers: dict[str, str]) -> None:
    """A sister's credential, or none, opens nothing here."""
    answer = await http.post(f"/ops/tenants{path}", json={}, headers=headers)

    assert (401, False) == (answer.status_code, answer.json()["ok"])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"portal_ids": []}),
        ("", {"portal_ids": [0]}),
        ("", {"portal_ids": list(range(1, 202))}),
        ("/0/breaker-reset", {}),
        ("/62515/erase-contact", {"contact_id": "x"}),
        ("/62515/erase-contact", {"contact_id": "904", "more": 1}),
    ],
)
async def test_wrong_ids_are_refused(http: httpx2.AsyncClient, path: str, body: dict[str, object]) -> None:
    """What is no account or contact id is 400, and changes nothing."""
    answer = await http.post(f"/ops/tenants{path}", json=body, headers=OPERATOR)

    assert (400, False) == (answer.status_code, answer.json()["retryable"])


async def test_an_outage_of_the_database_is_temporary(http: httpx2.AsyncClient, memory: InMemoryStores) -> None:
    """While the database is away the answer is 503: ask again."""

    async def away(*_: object) -> None:
        raise ConnectionError

    memory.accounts.look = away  # type: ignore[method-assign,assignment] # the one store that fails

    answer = await http.post("/ops/tenants", json={"portal_ids": [PORTAL]}, headers=OPERATOR)
    assert 503 == answer.status_code


async def test_what_is_set_aside_counts_as_waiting(
    http: httpx2.AsyncClient, start: Any, reply: Any, memory: InMemoryStores
) -> None:
    """An operator sees how much waits for an account, on its list and before it."""
    await start().store_received([reply(f"m{number:03}") for number in range(BURST + 1)])
    await memory.queues.enqueue({"globex": [Received(reply(chert_tenant="globex").data)]}, reply().time)

    [work] = await ask(http, PORTAL)

    assert BURST + 1 == work.waiting
