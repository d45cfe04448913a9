"""What operators ask and order about accounts."""

import httpx2
import pytest
from services.oauth.tests.conftest import Connect

from chassis.clock import ManualClock
from contracts.envelope import Event
from contracts.ops import WhereAnswer
from contracts.tenant_operations import TenantDetails, TenantList, TokenCheck, Tombstones
from contracts.tenants import TenantSettings, TenantSnapshot
from oauth.adapters.in_memory import InMemoryHubSpot, InMemoryInstallations
from oauth.handlers.binding import deactivate
from oauth.models import Departure, Installation, Project

PORTAL = 62515
ONE = f"/ops/tenants/{PORTAL}"
OPERATOR = {"Authorization": "Bearer credential-of-ops"}
ORDER = {"operator": "grace", "reason": "ticket 7"}


@pytest.fixture
async def connected(connect: Connect, acme: Project) -> Installation:
    """A connected account."""
    return await connect(acme)


async def events_of(installations: InMemoryInstallations) -> list[Event[TenantSnapshot]]:
    """Everything that is still to be told."""
    return [event for pending in await installations.pending(10) for event in pending.events]  # type: ignore[misc]


async def disconnected(
    installations: InMemoryInstallations, clock: ManualClock, installation: Installation
) -> Installation:
    """The account after its departure."""
    ended = await deactivate(installation, "disconnected", installations=installations, clock=clock)
    assert ended is not None
    await installations.move_departure(ended, None)
    return ended


async def test_a_pause_is_told_to_everybody_once(
    api: httpx2.AsyncClient, connected: Installation, installations: InMemoryInstallations
) -> None:
    """Pausing makes one revision that says so, resuming another; the same order again makes none."""
    for verb in ("pause", "pause", "resume", "resume", "pause"):
        answer = await api.post(f"{ONE}/{verb}", json=ORDER, headers=OPERATOR)
        assert 200 == answer.status_code

    told = [event.data for event in await events_of(installations)]
    assert [False, True, False, True] == [snapshot.paused for snapshot in told]
    assert 4 == len({snapshot.revision for snapshot in told})
    shown = TenantDetails.model_validate_json(answer.content)
    assert [("paused", "operator:grace", "ticket 7"), ("resumed", "operator:grace", "ticket 7")] == [
        (event.kind, event.by, event.detail) for event in shown.history[:2]
    ]


async def test_an_admin_is_not_told_which_operator(
    api: httpx2.AsyncClient, connected: Installation, installations: InMemoryInstallations
) -> None:
    """In the account's own history an operator is Chert, and the reason is not there."""
    await api.post(f"{ONE}/pause", json=ORDER, headers=OPERATOR)

    latest = (await installations.of([PORTAL]))[PORTAL][-1]
    assert latest.by is not None
    assert "Chert" == latest.by.name


async def test_a_pause_outlives_a_reinstall(
    api: httpx2.AsyncClient, connected: Installation, connect: Connect, acme: Project
) -> None:
    """Connecting again does not end what an operator holds."""
    await api.post(f"{ONE}/pause", json=ORDER, headers=OPERATOR)

    assert (await connect(acme)).paused


async def test_accounts_are_listed_by_pages(
    api: httpx2.AsyncClient, connect: Connect, acme: Project, globex: Project
) -> None:
    """Pages follow each other by account id until there is none."""
    for portal_id, project in ((3, acme), (1, globex), (2, acme)):
        await connect(project, portal_id, without=("automation",) if portal_id == 2 else ())

    first = TenantList.model_validate_json(
        (await api.get("/ops/tenants", params={"limit": 2}, headers=OPERATOR)).content
    )
    last = TenantList.model_validate_json(
        (await api.get("/ops/tenants", params={"after": first.next_after, "limit": 2}, headers=OPERATOR)).content
    )

    assert [(1, ()), (2, ("automation",))] == [(one.tenant.portal_id, one.missing_scopes) for one in first.tenants]
    assert ([3], None) == ([one.tenant.portal_id for one in last.tenants], last.next_after)


async def test_a_grant_is_asked_about(
    api: httpx2.AsyncClient, connected: Installation, hubspot: InMemoryHubSpot, installations: InMemoryInstallations
) -> None:
    """A living grant changes nothing; one that HubSpot does not know any more ends the account."""
    alive = TokenCheck.model_validate_json((await api.post(f"{ONE}/token-check", headers=OPERATOR)).content)
    hubspot.leave(PORTAL)
    ended = TokenCheck.model_validate_json((await api.post(f"{ONE}/token-check", headers=OPERATOR)).content)
    after = TokenCheck.model_validate_json((await api.post(f"{ONE}/token-check", headers=OPERATOR)).content)

    assert ["alive", "ended", "not_connected"] == [alive.verdict, ended.verdict, after.verdict]
    kept = await installations.get(PORTAL)
    assert kept is not None
    assert "inactive" == kept.status


async def test_a_disconnected_account_is_purged_and_then_buried(
    api: httpx2.AsyncClient, connected: Installation, installations: InMemoryInstallations, clock: ManualClock
) -> None:
    """First everybody is told a last snapshot without content, then each compacted topic gets a tombstone."""
    await disconnected(installations, clock, connected)

    purged = TenantDetails.model_validate_json((await api.post(f"{ONE}/purge", json=ORDER, headers=OPERATOR)).content)
    again = TenantDetails.model_validate_json((await api.post(f"{ONE}/purge", json=ORDER, headers=OPERATOR)).content)
    buried = Tombstones.model_validate_json((await api.post(f"{ONE}/tombstones", headers=OPERATOR)).content)

    assert ("purged", (), TenantSettings()) == (purged.tenant.status, purged.tenant.scopes, purged.tenant.settings)
    assert ["purged"] == [event.kind for event in purged.history]
    assert purged == again
    told = await events_of(installations)
    assert [("tenant.uninstalled", "purged")] == [(one.topic, one.data.status) for one in told[-4:-3]]
    assert ["tenant.installed", "tenant.updated", "tenant.uninstalled"] == list(buried.topics)
    assert [(topic, b"62515", None) for topic in buried.topics] == [
        (one.topic, one.key(), one.value()) for one in told[-3:]
    ]


async def test_a_purged_account_connects_anew(
    api: httpx2.AsyncClient,
    connected: Installation,
    connect: Connect,
    acme: Project,
    installations: InMemoryInstallations,
    clock: ManualClock,
) -> None:
    """An install after a purge is a later generation and revision, so that no old snapshot overtakes it."""
    await disconnected(installations, clock, connected)
    await api.post(f"{ONE}/purge", json=ORDER, headers=OPERATOR)
    purged = await installations.get(PORTAL)

    anew = await connect(acme)

    assert purged is not None
    assert ("active", 2) == (anew.status, anew.generation)
    assert purged.revision < anew.revision
    refused = await api.post(f"{ONE}/tombstones", headers=OPERATOR)
    assert (409, "not_purged") == (refused.status_code, refused.json()["reason"])


async def test_only_an_ended_account_is_purged(
    api: httpx2.AsyncClient, connected: Installation, installations: InMemoryInstallations, clock: ManualClock
) -> None:
    """While it is connected, or HubSpot is still being told that it is not, nothing of an account is forgotten."""
    first = await api.post(f"{ONE}/purge", json=ORDER, headers=OPERATOR)
    ended = await deactivate(connected, "disconnected", installations=installations, clock=clock)
    second = await api.post(f"{ONE}/purge", json=ORDER, headers=OPERATOR)

    assert [(409, "still_connected"), (409, "still_departing")] == [
        (answer.status_code, answer.json()["reason"]) for answer in (first, second)
    ]
    assert ended == await installations.get(PORTAL)


@pytest.mark.parametrize("verb", ["pause", "resume"])
async def test_only_a_connected_account_is_held(
    api: httpx2.AsyncClient,
    connected: Installation,
    installations: InMemoryInstallations,
    clock: ManualClock,
    verb: str,
) -> None:
    """An account that ended has no work to hold: 403, final."""
    await disconnected(installations, clock, connected)

    answer = await api.post(f"{ONE}/{verb}", json=ORDER, headers=OPERATOR)

    assert (403, False) == (answer.status_code, answer.json()["retryable"])


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), *(("POST", f"/{verb}") for verb in ("pause", "resume", "token-check", "purge", "tombstones"))],
)
async def test_an_account_that_never_connected_is_not_found(api: httpx2.AsyncClient, method: str, path: str) -> None:
    """Nothing can be ordered about an account that nobody knows."""
    answer = await api.request(method, f"/ops/tenants/7{path}", json=ORDER, headers=OPERATOR)

    assert (404, False) == (answer.status_code, answer.json()["ok"])


@pytest.mark.parametrize("order", [{}, {"operator": "grace"}, {"operator": "grace", "reason": ""}, {**ORDER, "x": 1}])
async def test_an_order_says_who_and_why(
    api: httpx2.AsyncClient, connected: Installation, installations: InMemoryInstallations, order: dict[str, object]
) -> None:
    """Without an operator and a reason nothing is done: 400."""
    answer = await api.post(f"{ONE}/pause", json=order, headers=OPERATOR)

    assert 400 == answer.status_code
    assert connected == await installations.get(PORTAL)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer credential-of-actions"}])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/ops/where"),
        ("GET", "/ops/tenants"),
        ("GET", ONE),
        *(("POST", f"{ONE}/{verb}") for verb in ("pause", "resume", "token-check", "purge", "tombstones")),
    ],
)
async def test_only_operators_are_answered(
    api: httpx2.AsyncClient, connected: Installation, method: str, path: str, headers: dict[str, str]
) -> None:
    """A sister's credential, or none, opens nothing here."""
    answer = await api.request(method, path, json={"id": "1", **ORDER}, headers=headers)

    assert (401, False) == (answer.status_code, answer.json()["ok"])


@pytest.mark.parametrize("asked", ["62515", "p-acme"])
async def test_an_account_is_found_by_its_ids(
    api: httpx2.AsyncClient, connected: Installation, connect: Connect, globex: Project, asked: str
) -> None:
    """An account's or a project's id tells what happened to it, and nothing of another."""
    await connect(globex, 7)
    await api.post(f"{ONE}/pause", json=ORDER, headers=OPERATOR)

    found = WhereAnswer.model_validate_json(
        (await api.post("/ops/where", json={"id": asked}, headers=OPERATOR)).content
    )

    assert [("installed", PORTAL), ("paused", PORTAL)] == [(step.what, step.portal_id) for step in found.steps]
    assert "nothing until an operator resumes the account" == found.next


async def test_an_event_of_ours_is_found(api: httpx2.AsyncClient, connected: Installation) -> None:
    """The id of an event tells what it was told of."""
    asked = f"tenant.installed:{PORTAL}:{connected.revision}"
    found = WhereAnswer.model_validate_json(
        (await api.post("/ops/where", json={"id": asked}, headers=OPERATOR)).content
    )

    assert ["installed"] == [step.what for step in found.steps]


async def test_a_departure_is_what_happens_next(
    api: httpx2.AsyncClient, connected: Installation, installations: InMemoryInstallations, clock: ManualClock
) -> None:
    """Of an account that was disconnected, the next step towards HubSpot is told with its moment."""
    ended = await deactivate(connected, "disconnected", installations=installations, clock=clock)
    assert ended is not None
    assert isinstance(ended.departure, Departure)

    found = WhereAnswer.model_validate_json(
        (await api.post("/ops/where", json={"id": "62515"}, headers=OPERATOR)).content
    )

    assert ("HubSpot is told of the disconnect: uninstall", ended.departure.due_at) == (found.next, found.next_at)


async def test_an_id_that_nobody_knows_is_no_failure(api: httpx2.AsyncClient) -> None:
    """Nothing known is an empty answer."""
    for asked in ("99", "+14155551234", "tenant.updated:x:1", "²"):
        answer = await api.post("/ops/where", json={"id": asked}, headers=OPERATOR)
        assert (200, []) == (answer.status_code, answer.json()["steps"])
