"""What sister services ask."""

import asyncio

import httpx2
import pytest
from pydantic import SecretStr

from chassis.clock import ManualClock
from contracts.failures import Code, Failure
from contracts.internal import AccessToken, TenantCheck
from oauth.adapters.in_memory import InMemoryHubSpot, InMemoryInstallations, InMemoryReplicaStore
from oauth.adapters.sealing import AesGcmSealer
from oauth.api.internal import identify_service
from oauth.errors import CredentialInvalidError, HubSpotAwayError, NoCredentialError
from oauth.handlers.binding import bind, deactivate
from oauth.models import REQUIRED_SCOPES, AccountGrant, Installation, Project, Replica

PORTAL = 62515
OPERATOR = {"Authorization": "Bearer credential-of-ops"}
ACTIONS = {"Authorization": "Bearer credential-of-actions"}


@pytest.fixture
async def connected(
    installations: InMemoryInstallations,
    hubspot: InMemoryHubSpot,
    sealer: AesGcmSealer,
    clock: ManualClock,
    acme: Project,
) -> Installation:
    """A connected account."""
    query = hubspot.consent(hubspot.authorize_url("state", None), PORTAL)
    grant = await hubspot.exchange_code(SecretStr(query["code"]), None)
    account = AccountGrant(grant.tokens, PORTAL, REQUIRED_SCOPES)
    return (await bind(account, acme, installations=installations, sealer=sealer, clock=clock)).installation


async def token_of(api: httpx2.AsyncClient, portal_id: int = PORTAL) -> httpx2.Response:
    """Ask for an access token as `actions`."""
    return await api.post(f"/internal/tenants/{portal_id}/access-token", headers=ACTIONS)


async def test_operators_see_where_a_rotation_stands(
    api: httpx2.AsyncClient, connected: Installation, replicas: InMemoryReplicaStore
) -> None:
    """The report names processes, keys by id, how much lies under each, and which may leave; never a key."""
    await replicas.report(Replica("this", frozenset({"k0", "k1"}), "k1", "k1", 1))
    await replicas.agree("k1", replacing=None)

    response = await api.get("/ops/keys", headers=OPERATOR)

    assert 200 == response.status_code
    assert {
        "sealing_key": "k1",
        "replicas": [{"id": "this", "keys": ["k0", "k1"], "wanted_key": "k1", "sealing_key": "k1"}],
        "sealed": {"k1": 2},
        "free": ["k0"],
    } == response.json()


async def test_operators_and_services_open_nothing_of_each_other(
    api: httpx2.AsyncClient, connected: Installation
) -> None:
    """An operator's credential gets no token, and a service's no report: 401, though both are known."""
    token = await api.post(f"/internal/tenants/{PORTAL}/access-token", headers=OPERATOR)
    check = await api.get(f"/internal/tenants/{PORTAL}", headers=OPERATOR)
    report = await api.get("/ops/keys", headers=ACTIONS)
    nobody = await api.get("/ops/keys")

    assert [401] * 4 == [answer.status_code for answer in (token, check, report, nobody)]


async def test_a_sister_gets_a_token(api: httpx2.AsyncClient, connected: Installation, clock: ManualClock) -> None:
    """A connected account's token comes with its end and generation, and is not cached."""
    response = await token_of(api)
    given = AccessToken.model_validate_json(response.content)

    assert 200 == response.status_code
    assert "no-store" == response.headers["cache-control"]
    assert connected.generation == given.generation
    assert given.expires_at > clock.now()
    assert given.access_token not in repr(given)


async def test_an_unknown_account_is_told_apart_from_one_that_left(
    api: httpx2.AsyncClient, connected: Installation, installations: InMemoryInstallations, clock: ManualClock
) -> None:
    """An account that never connected is 404 with code 2001, one that left 403 with code 2010; neither is retryable."""
    unknown = await token_of(api, PORTAL + 1)
    await deactivate(connected, "app_uninstalled", installations=installations, clock=clock)
    inactive = await token_of(api)

    assert (404, Code.TENANT_NOT_FOUND) == (unknown.status_code, unknown.json()["code"])
    assert (403, Code.NOT_CONNECTED) == (inactive.status_code, inactive.json()["code"])
    for response in (unknown, inactive):
        assert not Failure.model_validate_json(response.content).retryable


async def test_a_hubspot_that_fails_is_temporary(
    api: httpx2.AsyncClient, connected: Installation, hubspot: InMemoryHubSpot, clock: ManualClock
) -> None:
    """A refresh that fails for now is 503, to be asked again."""
    clock.advance(1800)
    hubspot.troubles.append(HubSpotAwayError("503"))

    response = await token_of(api)

    assert (503, Code.UNAVAILABLE, True) == (
        response.status_code,
        response.json()["code"],
        response.json()["retryable"],
    )
    assert "1" == response.headers["retry-after"]


async def test_a_hundred_calls_cause_one_refresh(
    api: httpx2.AsyncClient, connected: Installation, hubspot: InMemoryHubSpot, clock: ManualClock
) -> None:
    """A hundred calls at once for an expired token are answered alike by one refresh."""
    clock.advance(1800)
    responses = await asyncio.gather(*(token_of(api) for _ in range(100)))

    assert {200} == {response.status_code for response in responses}
    assert 1 == len({response.json()["access_token"] for response in responses})
    assert 1 == hubspot.calls["refresh"]


async def test_a_tenant_check_says_what_is_true(
    api: httpx2.AsyncClient, connected: Installation, installations: InMemoryInstallations, clock: ManualClock
) -> None:
    """Active, inactive and unknown accounts are told apart, with the snapshot where there is one."""

    async def check(portal_id: int) -> TenantCheck:
        response = await api.get(f"/internal/tenants/{portal_id}", headers=ACTIONS)
        assert 200 == response.status_code
        return TenantCheck.model_validate_json(response.content)

    assert TenantCheck(status="active", tenant=connected.snapshot()) == await check(PORTAL)
    assert TenantCheck(status="unknown") == await check(PORTAL + 1)
    await deactivate(connected, "app_uninstalled", installations=installations, clock=clock)
    assert "inactive" == (await check(PORTAL)).status


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, Code.NO_CREDENTIALS),
        ({"Authorization": "Basic credential-of-actions"}, Code.NO_CREDENTIALS),
        ({"Authorization": "Bearer"}, Code.NO_CREDENTIALS),
        ({"Authorization": "Bearer credential-of-action"}, Code.BAD_SIGNATURE),
        ({"Authorization": "Bearer credential-of-actions2"}, Code.BAD_SIGNATURE),
        ({"Authorization": b"Bearer \xff\xfe"}, Code.BAD_SIGNATURE),
    ],
)
@pytest.mark.parametrize("portal_id", [str(PORTAL), "0", "x"])
async def test_only_sisters_are_answered(
    api: httpx2.AsyncClient, connected: Installation, headers: dict[str, str], code: Code, portal_id: str
) -> None:
    """Without a credential that a service has, every internal route answers 401 and nothing about any account."""
    for method, path in (
        ("POST", f"/internal/tenants/{portal_id}/access-token"),
        ("POST", f"/internal/tenants/{portal_id}/doubts"),
        ("GET", f"/internal/tenants/{portal_id}"),
    ):
        response = await api.request(method, path, headers=headers)

        assert (401, code) == (response.status_code, response.json()["code"])


async def test_a_refused_token_is_a_doubt(
    api: httpx2.AsyncClient, connected: Installation, installations: InMemoryInstallations, clock: ManualClock
) -> None:
    """Who was refused by HubSpot says so: the grant is asked about at once, and nothing is changed until then."""
    response = await api.post(f"/internal/tenants/{PORTAL}/doubts", headers=ACTIONS)

    assert "active" == TenantCheck.model_validate_json(response.content).status
    assert [(PORTAL, "grant_revoked")] == [
        (one.portal_id, one.reason) for one in await installations.due(clock.now(), 9)
    ]


async def test_a_stranger_is_not_doubted(
    api: httpx2.AsyncClient, installations: InMemoryInstallations, clock: ManualClock
) -> None:
    """An account that is not connected has no grant to ask about."""
    response = await api.post(f"/internal/tenants/{PORTAL}/doubts", headers=ACTIONS)

    assert "unknown" == TenantCheck.model_validate_json(response.content).status
    assert [] == list(await installations.due(clock.now(), 9))


@pytest.mark.parametrize("portal_id", ["0", "-1", "x", "1e3", str(2**63), "%00"])
async def test_odd_account_ids_are_refused(api: httpx2.AsyncClient, portal_id: str) -> None:
    """What can be no account id is refused before any store is asked."""
    response = await api.get(f"/internal/tenants/{portal_id}", headers=ACTIONS)

    assert (400, Code.INVALID_FIELD) == (response.status_code, response.json()["code"])


def test_each_service_has_a_credential_of_its_own() -> None:
    """A credential names one service; with none in the file nobody is let in."""
    credentials = {"actions": SecretStr("a" * 20), "timeline": SecretStr("b" * 20)}

    assert "timeline" == identify_service("b" * 20, credentials)
    with pytest.raises(CredentialInvalidError):
        identify_service("c" * 20, credentials)
    with pytest.raises(CredentialInvalidError):
        identify_service("a" * 20, {})
    with pytest.raises(NoCredentialError):
        identify_service("", credentials)
