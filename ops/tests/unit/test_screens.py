"""What people see: each screen is recorded in `docs/screens`."""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from ops.tests.unit._played import NOW, PlayedDesk
from ops.tests.unit.test_keys import KEYS, MOVING
from ops.tests.unit.test_tenant import CATALOGUE, ONE, PORTAL, answer, details, snapshot, work

from chertctl import doctor, erasure, keys, orders, tenant, where
from chertctl.screen import Screen
from chertctl.settings import Settings
from contracts.internal import BreakerState
from contracts.ops import WhereAnswer, WhereStep
from contracts.tenant_operations import Removed, TenantList, TenantOverview

FOLDER = Path(__file__).parents[3] / "docs" / "screens"
WIDTH = 140

Show = Callable[[PlayedDesk], Awaitable[object]]


def resting(**members: object) -> BreakerState:
    """An open breaker."""
    return BreakerState.model_validate({"open": True, "since": NOW, "words": "502", **members})


async def show_where(desk: PlayedDesk) -> None:
    """A reply that waits behind an open breaker."""
    ids = {"message_id": "msg_7", "chat_id": "chat_1", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}
    steps = [
        WhereStep(at=NOW - timedelta(minutes=2), service="timeline", what=what, portal_id=PORTAL, ids=known, detail=why)
        for what, known, why in (
            ("received", ids, None),
            ("assigned", {"message_id": "msg_7"}, None),
            ("waiting", {"message_id": "msg_7", "contact_id": "904"}, "502"),
        )
    ]
    probe = NOW + timedelta(seconds=15)
    desk.services.will("oauth", "/ops/where", WhereAnswer())
    desk.services.will("actions", "/ops/where", WhereAnswer())
    coming = "the breaker lets one reply try"
    desk.services.will("timeline", "/ops/where", WhereAnswer(steps=tuple(steps), next=coming, next_at=probe))
    await where.show(desk, "+14155550132")


async def show_list(desk: PlayedDesk) -> None:
    """Accounts of every kind."""
    listed = [snapshot(PORTAL), snapshot(62516, paused=True), snapshot(62517, status="inactive")]
    overviews = tuple(TenantOverview(tenant=one, installed_at=NOW - timedelta(days=40)) for one in listed)
    desk.services.will("oauth", "/ops/tenants", TenantList(tenants=overviews))
    waiting = work(waiting=12, oldest_at=NOW - timedelta(minutes=3), breaker=resting())
    desk.services.will("timeline", "/ops/tenants", answer(waiting, work(62516, waiting=2), work(62517)))
    desk.services.will("actions", "/ops/tenants", answer(work(), work(62516), work(62517)))
    await tenant.show_list(desk, unhealthy=False, project=None)


async def show_one(desk: PlayedDesk) -> None:
    """One account that rests."""
    desk.services.will("oauth", ONE, details())
    until = NOW + timedelta(seconds=15)
    waiting = work(waiting=12, oldest_at=NOW - timedelta(minutes=3), breaker=resting(), resting_until=until)
    desk.services.will("timeline", "/ops/tenants", answer(waiting))
    desk.services.will("actions", "/ops/tenants", answer(work(working=True)))
    await tenant.show_one(desk, portal_id=PORTAL)


async def show_pause(desk: PlayedDesk) -> None:
    """What a pause would do."""
    desk.services.will("oauth", ONE, details())
    await orders.Order(verb="pause", portal_id=PORTAL, reason="ticket 7", dry_run=True)(desk)


async def show_erasure(desk: PlayedDesk) -> None:
    """A certificate."""
    desk.services.will("oauth", ONE, details())
    for service, removed in (("actions", {"sends": 4}), ("timeline", {"replies": 7, "conversations": 1})):
        answered = Removed(service=service, removed=removed, kept=("keys of what it did, without content",))
        desk.services.will(service, f"{ONE}/erase-contact", answered)
    await erasure.ContactErasing(
        portal_id=PORTAL, contact_id="904", reason="request 12", catalogue=CATALOGUE, yes=True
    )(desk)


async def show_keys(desk: PlayedDesk) -> None:
    """A rotation under way."""
    desk.services.will("oauth", KEYS, MOVING)
    await keys.show_status(desk)


async def show_doctor(desk: PlayedDesk) -> None:
    """A machine on which nothing is set."""
    await doctor.examine(desk, config=True, api_version="2026-03", file=CATALOGUE)


@pytest.mark.parametrize(
    ("name", "show"),
    [
        ("where", show_where),
        ("tenant-list", show_list),
        ("tenant-show", show_one),
        ("tenant-pause-dry-run", show_pause),
        ("tenant-erase-contact", show_erasure),
        ("keys-status", show_keys),
        ("doctor-config", show_doctor),
    ],
)
async def test_a_screen_is_as_recorded(name: str, show: Show, capsys: pytest.CaptureFixture[str]) -> None:
    """What the documentation shows is what the command prints; `WRITE_GOLDEN=1` records it anew, to be read."""
    await show(PlayedDesk(Settings(operator="ana"), Screen(as_json=False, width=WIDTH)))

    same_as_recorded(name, "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines()) + "\n")


def test_a_narrow_table_keeps_all_of_an_id(capsys: pytest.CaptureFixture[str]) -> None:
    """An id that does not fit goes on in the next line, and brackets in what people wrote are shown as they are."""
    Screen(as_json=False, width=24).table(("id", "why"), [("4bf92f3577b34da6a3ce929d0e0e4736", "[red]parts[/red]")])

    cells = [line.split("│")[1:3] for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert "4bf92f3577b34da6a3ce929d0e0e4736" == "".join(cell.strip() for cell, _ in cells)
    assert "[red]parts[/red]" == "".join(cell.strip() for _, cell in cells)


def same_as_recorded(name: str, text: str) -> None:
    """Compare, or record."""
    file = FOLDER / f"{name}.txt"
    if os.environ.get("WRITE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert file.read_text() == text, f"{name} differs from its record"
