"""`chertctl tenant`: seeing, holding and forgetting accounts."""

import json
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ops.tests.unit._played import NOW, PlayedDesk, played_desk
from tests.e2e._golden import same_as_golden

from chertctl import catalogue, erasure, orders, tenant, tenants
from chertctl.outcomes import AwayError, OperatorError, WrongCallError
from contracts.internal import BreakerState
from contracts.tenant_operations import (
    Removed,
    TenantDetails,
    TenantEvent,
    TenantList,
    TenantOverview,
    TenantsAnswer,
    TenantWork,
    Tombstones,
)
from contracts.tenants import TenantSnapshot

PORTAL = 62515
ONE = f"/ops/tenants/{PORTAL}"
CATALOGUE = Path(__file__).parents[3] / "deploy" / "topics.yaml"


def snapshot(portal_id: int = PORTAL, **members: Any) -> TenantSnapshot:
    """A connected account."""
    usual = {
        "portal_id": portal_id,
        "project_id": "p-acme",
        "chert_tenant": "acme",
        "status": "active",
        "generation": 1,
        "revision": 1_795_348_800_000,
        "scopes": ("oauth",),
    }
    return TenantSnapshot.model_validate({**usual, **members})


def details(**members: Any) -> TenantDetails:
    """What `oauth` says of it."""
    event = TenantEvent(at=NOW, kind="installed", revision=1_795_348_800_000, generation=1, by="ada")
    return TenantDetails(tenant=snapshot(**members), installed_at=NOW - timedelta(days=1), history=(event,))


def work(portal_id: int = PORTAL, **members: Any) -> TenantWork:
    """What a sister has to do for it."""
    return TenantWork(**{"portal_id": portal_id, "status": "active", "revision": 1_795_348_800_000, **members})


def answer(*works: TenantWork) -> TenantsAnswer:
    """A sister's answer."""
    return TenantsAnswer(tenants=works)


@pytest.fixture
def desk() -> PlayedDesk:
    """A desk at which one account is connected and idle."""
    desk = played_desk()
    desk.services.will("oauth", ONE, details())
    return desk


def idle(desk: PlayedDesk, **members: Any) -> None:
    """Both sisters answer so."""
    for service in tenants.SISTERS:
        desk.services.will(service, "/ops/tenants", answer(work(**members)))


async def test_a_list_says_how_each_account_is(desk: PlayedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """Pages are put together, and each account has a word for its health."""
    overview = partial(TenantOverview, installed_at=NOW - timedelta(days=1))
    first = TenantList(tenants=(overview(tenant=snapshot(1)), overview(tenant=snapshot(2, paused=True))), next_after=2)
    last = TenantList(tenants=(overview(tenant=snapshot(3, status="inactive"), departure="revoke"),))
    desk.services.will("oauth", "/ops/tenants", first, last)
    resting = work(1, waiting=3, oldest_at=NOW, breaker=BreakerState(open=True, since=NOW, words="502"))
    desk.services.will("actions", "/ops/tenants", answer(work(1), work(2)), answer(work(3)))
    desk.services.will("timeline", "/ops/tenants", answer(resting, work(2)), answer(work(3)))

    await tenant.show_list(desk, unhealthy=False, project=None)

    same_as_golden("tenant-list", json.loads(capsys.readouterr().out))


@pytest.mark.parametrize(
    ("overview", "sister", "health"),
    [
        ({}, {}, "healthy"),
        ({"missing_scopes": ("automation",)}, {}, "scopes missing"),
        ({"missing_scopes": ("automation",)}, {"oldest_at": NOW - timedelta(minutes=6)}, "behind"),
        ({}, {"oldest_at": NOW - timedelta(minutes=4)}, "healthy"),
        ({"tenant": snapshot(paused=True)}, {"oldest_at": NOW - timedelta(minutes=6)}, "paused"),
        ({"tenant": snapshot(status="inactive", paused=True)}, {}, "disconnected"),
        ({"tenant": snapshot(status="purged")}, {}, "purged"),
    ],
)
def test_health_is_the_gravest_word(overview: dict[str, Any], sister: dict[str, Any], health: str) -> None:
    """Of all that is true of an account, the word is what an operator has to know first."""
    seen = TenantOverview(**{"tenant": snapshot(), "installed_at": NOW, **overview})

    assert health == tenants.health_of(seen, [work(**sister)], NOW)


async def test_an_account_is_shown_with_its_history(desk: PlayedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """Everybody's word on it, and what was done to it."""
    idle(desk)

    await tenant.show_one(desk, portal_id=PORTAL)

    same_as_golden("tenant-show", json.loads(capsys.readouterr().out))


async def test_what_is_not_known_is_said(desk: PlayedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """While a sister is away, the rest is shown, and the call fails with its name."""
    desk.services.will("actions", "/ops/tenants", answer(work()))

    with pytest.raises(OperatorError, match="timeline does not answer"):
        await tenant.show_one(desk, portal_id=PORTAL)

    assert ["actions"] == list(json.loads(capsys.readouterr().out)["work"])


async def test_an_order_is_audited_before_and_after(desk: PlayedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """A pause names who and why, to the service and in the audit."""
    desk.services.will("oauth", f"{ONE}/pause", details(paused=True, revision=1_795_348_800_001))

    await orders.Order(verb="pause", portal_id=PORTAL, reason="ticket 7", yes=True)(desk)

    same_as_golden("tenant-pause", json.loads(capsys.readouterr().out))
    assert {"operator": "ana", "reason": "ticket 7"} == desk.services.asked[-1][2]
    assert [("tenant pause", "began"), ("tenant pause", "done")] == desk.told()


async def test_a_paused_account_goes_on(desk: PlayedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """Resumed, an account is at work again, and scripts learn its new revision."""
    paused, resumed = details(paused=True), details(revision=1_795_348_800_001)
    desk.services.answers["oauth", ONE].clear()
    desk.services.will("oauth", ONE, paused)
    desk.services.will("oauth", f"{ONE}/resume", resumed)

    await orders.Order(verb="resume", portal_id=PORTAL, reason="loop removed", yes=True)(desk)

    same_as_golden("tenant-resume", json.loads(capsys.readouterr().out))
    assert [("tenant resume", "began"), ("tenant resume", "done")] == desk.told()


async def test_a_refused_order_is_audited_as_failed(desk: PlayedDesk) -> None:
    """What did not come about is told as such."""
    with pytest.raises(AwayError):
        await orders.Order(verb="pause", portal_id=PORTAL, reason="ticket 7", yes=True)(desk)

    assert [("tenant pause", "began"), ("tenant pause", "failed")] == desk.told()


async def test_a_dry_run_orders_nothing(desk: PlayedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """What would be done is shown, and nothing is ordered or told."""
    await orders.Order(verb="pause", portal_id=PORTAL, reason="ticket 7", dry_run=True)(desk)

    assert {"changed": False, "dry_run": True}.items() <= json.loads(capsys.readouterr().out).items()
    assert [f"GET {ONE}"] == [asked for _, asked, _ in desk.services.asked]
    assert [] == desk.told()


async def test_what_is_so_already_is_left(desk: PlayedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """Resuming an account that is at work does nothing."""
    await orders.Order(verb="resume", portal_id=PORTAL, reason="ticket 7", yes=True)(desk)

    assert not json.loads(capsys.readouterr().out)["changed"]
    assert [] == desk.told()


async def test_an_account_that_ended_is_not_held(desk: PlayedDesk) -> None:
    """Words instead of a refusal of the service."""
    desk.services.answers.clear()
    desk.services.will("oauth", ONE, details(status="inactive"))

    with pytest.raises(OperatorError, match="not connected"):
        await orders.Order(verb="pause", portal_id=PORTAL, reason="ticket 7", yes=True)(desk)


async def test_a_drain_waits_until_nothing_is_under_way(desk: PlayedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """Drained is an account once both sisters hold it and neither is at work."""
    desk.services.will("oauth", f"{ONE}/pause", details(paused=True))
    desk.services.will("actions", "/ops/tenants", answer(work()), answer(work(paused=True, working=True)),
                       answer(work(paused=True, waiting=2)))  # fmt: skip
    desk.services.will("timeline", "/ops/tenants", answer(work(paused=True)))

    await orders.drain(desk, order=orders.Order(verb="pause", portal_id=PORTAL, reason="x", yes=True), seconds=60)

    same_as_golden("tenant-drain", json.loads(capsys.readouterr().out))
    assert 1.0 == desk.clock.monotonic()


async def test_a_drain_gives_up_in_time(desk: PlayedDesk) -> None:
    """Who is still at work is named, and that the account stays paused."""
    desk.services.will("oauth", f"{ONE}/pause", details(paused=True))
    idle(desk, paused=True, working=True)

    with pytest.raises(OperatorError, match="actions, timeline still at work"):
        await orders.drain(desk, order=orders.Order(verb="pause", portal_id=PORTAL, reason="x", yes=True), seconds=5)


async def test_a_breaker_is_reset(desk: PlayedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """A resting timeline is let go on; one that does not rest is left alone."""
    resting = work(waiting=3, breaker=BreakerState(open=True, since=NOW, words="502"))
    desk.services.will("timeline", "/ops/tenants", answer(resting), answer(work()))
    desk.services.will("timeline", f"{ONE}/breaker-reset", work(waiting=3))
    reset = orders.BreakerReset(portal_id=PORTAL, reason="HubSpot is back", yes=True)

    await reset(desk)
    same_as_golden("tenant-breaker-reset", json.loads(capsys.readouterr().out))
    await reset(desk)

    assert not json.loads(capsys.readouterr().out)["changed"]
    assert [("tenant breaker-reset", "began"), ("tenant breaker-reset", "done")] == desk.told()


def purgeable(desk: PlayedDesk) -> None:
    """The account ended, and everybody does as told."""
    desk.services.answers.clear()
    desk.services.will("oauth", ONE, details(status="inactive"))
    desk.services.will("oauth", f"{ONE}/purge", details(status="purged", revision=1_795_348_800_009))
    desk.services.will("oauth", f"{ONE}/tombstones", Tombstones(portal_id=PORTAL, topics=("tenant.installed",)))
    for service in tenants.SISTERS:
        told = work(status="purged", revision=1_795_348_800_009)
        desk.services.will(service, "/ops/tenants", answer(work()), answer(told))
        some = Removed(service=service, removed={"things": 2000}, kept=("keys",))
        desk.services.will(service, f"{ONE}/purge", some, some.model_copy(update={"removed": {"things": 5}}),
                           some.model_copy(update={"removed": {}}))  # fmt: skip


async def test_a_purge_goes_in_order(desk: PlayedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """First the last snapshot, which both sisters have to hear; then their data; tombstones at the very end."""
    purgeable(desk)

    await erasure.Purge(portal_id=PORTAL, reason="contract ended", yes=True)(desk)

    same_as_golden("tenant-purge", json.loads(capsys.readouterr().out))
    orders_given = [(service, asked) for service, asked, _ in desk.services.asked if not asked.endswith("/ops/tenants")]
    assert [
        ("oauth", f"GET {ONE}"),
        ("oauth", f"POST {ONE}/purge"),
        *[("actions", f"POST {ONE}/purge")] * 3,
        *[("timeline", f"POST {ONE}/purge")] * 3,
        ("oauth", f"POST {ONE}/tombstones"),
    ] == orders_given
    assert {"actions.things": 2005, "timeline.things": 2005} == desk.journal.events[-1].data.result


async def test_nothing_is_buried_before_everybody_heard(desk: PlayedDesk) -> None:
    """While a sister does not know of the purge no data goes and no tombstone is written; the call says what to do."""
    purgeable(desk)
    desk.services.answers["timeline", "/ops/tenants"].clear()
    desk.services.will("timeline", "/ops/tenants", answer(work()))

    with pytest.raises(OperatorError, match="timeline has not heard"):
        await erasure.Purge(portal_id=PORTAL, reason="contract ended", yes=True)(desk)

    assert [] == [asked for service, asked, _ in desk.services.asked if service != "oauth" and asked.endswith("purge")]
    assert ("tenant purge", "failed") == desk.told()[-1]


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (details(), "is connected"),
        (details(status="inactive").model_copy(update={"departure": "revoke"}), "still being told"),
    ],
)
async def test_an_account_that_did_not_end_is_not_purged(known: TenantDetails, words: str) -> None:
    """A refusal in words, before anything is asked or told."""
    desk = played_desk()
    desk.services.will("oauth", ONE, known)

    with pytest.raises(OperatorError, match=words):
        await erasure.Purge(portal_id=PORTAL, reason="x", yes=True)(desk)
    assert [] == desk.told()


async def test_a_person_is_forgotten_with_a_certificate(desk: PlayedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what went, what stays and why, and which topics may hold the person until when."""
    for service in tenants.SISTERS:
        removed = Removed(service=service, removed={"things": 2}, kept=("keys",))
        desk.services.will(service, f"{ONE}/erase-contact", removed)

    await erasure.ContactErasing(
        portal_id=PORTAL, contact_id="904", reason="request 12", catalogue=CATALOGUE, yes=True
    )(desk)

    same_as_golden("tenant-erase-contact", json.loads(capsys.readouterr().out))
    assert [("tenant erase-contact", "began"), ("tenant erase-contact", "done")] == desk.told()


@pytest.mark.parametrize("contact_id", ["", "x", "+14155550132", "1" * 21])
async def test_a_wrong_contact_asks_nobody(desk: PlayedDesk, contact_id: str) -> None:
    """What is no contact's id is a wrong call."""
    erasing = erasure.ContactErasing(portal_id=PORTAL, contact_id=contact_id, reason="x", catalogue=CATALOGUE)

    with pytest.raises(WrongCallError):
        await erasing(desk)
    assert [] == desk.services.asked


def test_every_topic_is_judged() -> None:
    """A certificate leaves no topic out: each holds something of a person, or is known to hold nothing."""
    nothing = {
        "tenant.installed", "tenant.updated", "tenant.uninstalled", "app.uninstalled", "breaker.opened",
        "breaker.closed", "ops.audited",
    }  # fmt: skip

    assert set(catalogue.read(CATALOGUE).topics) == nothing | set(erasure.HOLDS)
