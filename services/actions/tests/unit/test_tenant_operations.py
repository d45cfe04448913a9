"""What operators ask and do about an account's sends."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from actions.adapters.in_memory import (
    InMemoryAccounts,
    InMemoryAliasStore,
    InMemoryContacts,
    InMemoryConversationStore,
    InMemoryCreationQueue,
    InMemoryCreationRecords,
    InMemoryMessenger,
    InMemoryReferenceStore,
    InMemorySendContents,
    InMemorySendStore,
    InMemoryStepStore,
    InMemoryTenantStore,
)
from actions.errors import NotPurgedError, StoreAwayError, TenantPausedError
from actions.handlers.privacy import EraseContact
from actions.handlers.sending import SendOnce
from actions.handlers.tenant_work import TenantOperations
from actions.models import SendRequest
from chassis import failures, tenant_operating
from chassis.clock import ManualClock
from contracts.tenant_operations import Removed, TenantsAnswer
from contracts.tenants import TenantSnapshot

PORTAL = 62515
OPERATOR = {"Authorization": "Bearer operator"}


@pytest.fixture
async def http(
    sends: InMemorySendStore,
    aliases: InMemoryAliasStore,
    steps: InMemoryStepStore,
    conversations: InMemoryConversationStore,
    contacts: InMemoryContacts,
    tenants: InMemoryTenantStore,
    clock: ManualClock,
) -> AsyncIterator[httpx2.AsyncClient]:
    """The routes over the stores."""
    accounts = InMemoryAccounts(
        sends=sends,
        aliases=aliases,
        steps=steps,
        queue=InMemoryCreationQueue(),
        records=InMemoryCreationRecords(),
        references=InMemoryReferenceStore(),
    )
    operations = TenantOperations(
        tenants=tenants,
        accounts=accounts,
        data=accounts,
        erase=EraseContact(
            contents=InMemorySendContents(sends), steps=steps, conversations=conversations, contacts=contacts
        ),
        clock=clock,
    )
    app = FastAPI()
    failures.install(app)
    known = {"oauth": SecretStr("sister"), "ops": SecretStr("operator")}
    away = (StoreAwayError,)
    app.include_router(tenant_operating.router(lambda: known, operations, away=away, not_purged=NotPurgedError))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://actions") as client:
        yield client


def changed(tenant: TenantSnapshot, **members: object) -> TenantSnapshot:
    """The next snapshot of an account."""
    return tenant.model_copy(update={"revision": tenant.revision + 1, **members})


async def test_a_paused_account_sends_nothing_and_keeps_its_answers(
    send_once: SendOnce,
    asked: SendRequest,
    tenants: InMemoryTenantStore,
    tenant: TenantSnapshot,
    messenger: InMemoryMessenger,
    sends: InMemorySendStore,
) -> None:
    """While an account is paused a new request is put off and claims nothing; once resumed, the same one is sent."""
    await tenants.apply(changed(tenant, paused=True))
    with pytest.raises(TenantPausedError):
        await send_once(asked)
    assert {} == sends.sends

    await tenants.apply(changed(tenant, revision=tenant.revision + 2))
    first = await send_once(asked)
    await tenants.apply(changed(tenant, revision=tenant.revision + 3, paused=True))
    again = await send_once(asked)

    assert (first.outcome, True) == (again.outcome, again.duplicate)
    assert 1 == len(messenger.ledger)


async def test_accounts_are_answered_in_the_order_of_the_question(http: httpx2.AsyncClient) -> None:
    """An account that this service never heard of is told as such."""
    answer = await http.post("/ops/tenants", json={"portal_ids": [7, PORTAL]}, headers=OPERATOR)

    told = TenantsAnswer.model_validate_json(answer.content).tenants
    assert [(7, None, 0), (PORTAL, "active", 1_795_348_800_000)] == [
        (one.portal_id, one.status, one.revision) for one in told
    ]


async def test_a_person_is_forgotten_once(
    http: httpx2.AsyncClient, send_once: SendOnce, asked: SendRequest, sends: InMemorySendStore
) -> None:
    """Erasing says how much was removed and what stays; number, name and text are gone."""
    await send_once(asked)

    answer = await http.post(
        f"/ops/tenants/{PORTAL}/erase-contact", json={"contact_id": asked.contact.id}, headers=OPERATOR
    )

    removed = Removed.model_validate_json(answer.content)
    assert ("actions", {"sends": 1}) == (removed.service, removed.removed)
    assert removed.kept
    assert "4155551234" not in repr(sends.sends)


async def test_only_a_purged_account_is_forgotten(
    http: httpx2.AsyncClient,
    send_once: SendOnce,
    asked: SendRequest,
    sends: InMemorySendStore,
    tenants: InMemoryTenantStore,
    tenant: TenantSnapshot,
) -> None:
    """An account that `oauth` still keeps is refused, and keeps everything; a purged one goes."""
    await send_once(asked)
    refused = await http.post(f"/ops/tenants/{PORTAL}/purge", headers=OPERATOR)
    assert (409, "not_purged", 1) == (refused.status_code, refused.json()["reason"], len(sends.sends))

    await tenants.apply(changed(tenant, status="purged"))
    first = await http.post(f"/ops/tenants/{PORTAL}/purge", headers=OPERATOR)
    second = await http.post(f"/ops/tenants/{PORTAL}/purge", headers=OPERATOR)

    assert 1 == first.json()["removed"]["sends"]
    assert {} == second.json()["removed"]
    assert {} == sends.sends


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer sister"}, {"Authorization": "Bearer operator2"}])
@pytest.mark.parametrize("path", ["", "/62515/erase-contact", "/62515/purge"])
async def test_only_operators_are_answered(http: httpx2.AsyncClient, path: str, headers: dict[str, str]) -> None:
    """A sister's credential, or none, opens nothing here."""
    answer = await http.post(f"/ops/tenants{path}", json={}, headers=headers)

    assert (401, False) == (answer.status_code, answer.json()["ok"])


@pytest.mark.parametrize(
    ("path", "body"),
    [("", {"portal_ids": []}), ("", {"portal_ids": [0]}), ("/0/purge", {}), ("/62515/erase-contact", {})],
)
async def test_wrong_ids_are_refused(http: httpx2.AsyncClient, path: str, body: dict[str, object]) -> None:
    """What is no account or contact id is 400, and changes nothing."""
    answer = await http.post(f"/ops/tenants{path}", json=body, headers=OPERATOR)

    assert (400, False) == (answer.status_code, answer.json()["retryable"])


async def test_an_outage_of_the_database_is_temporary(http: httpx2.AsyncClient, tenants: InMemoryTenantStore) -> None:
    """While the database is away the answer is 503: ask again."""

    async def away(_: int) -> None:
        raise StoreAwayError("away")

    tenants.find = away  # type: ignore[method-assign,assignment] # the one store that fails

    answer = await http.post("/ops/tenants", json={"portal_ids": [PORTAL]}, headers=OPERATOR)
    assert 503 == answer.status_code
