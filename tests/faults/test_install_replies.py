"""The judge of replies in flight: it has to see a reply that went to the wrong project's account."""

from datetime import UTC, datetime, timedelta

import pytest
from _install_replies import belonged, moves

from contracts.envelope import Event
from contracts.tenants import TenantInstalled, TenantSnapshot, TenantUninstalled
from contracts.topics import TENANT_INSTALLED, TENANT_UNINSTALLED
from harness.control import Communication
from harness.leads import Lead

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LEAD = Lead(1, "a-0", "904", "+14155551234")
FACTS = {"portal_id": 1, "project_id": "p", "generation": 1, "revision": 1, "scopes": ()}


def installed(tenant: str, seconds: int) -> Event[TenantSnapshot]:
    """An account is bound to a project's tenant."""
    at = NOW + timedelta(seconds=seconds)
    data = TenantInstalled(**{**FACTS, "chert_tenant": tenant, "status": "active"})
    return Event(TENANT_INSTALLED, f"i{seconds}", "/oauth", at, data)


def ended(tenant: str, seconds: int) -> Event[TenantSnapshot]:
    """An account left."""
    at = NOW + timedelta(seconds=seconds)
    data = TenantUninstalled(**{**FACTS, "chert_tenant": tenant, "status": "inactive", "reason": "disconnected"})
    return Event(TENANT_UNINSTALLED, f"u{seconds}", "/oauth", at, data)


def written(seconds: float, contact_id: str = "904", portal_id: int = 1) -> Communication:
    """A communication that was made then."""
    at = (NOW + timedelta(seconds=seconds)).timestamp()
    return Communication(id="5", portal_id=portal_id, contact_ids=[contact_id], properties={}, created_at=at)


HISTORY = [installed("a-0", 0), ended("a-0", 10), installed("b-0", 20)]


@pytest.mark.parametrize(
    ("one", "belongs"),
    [
        (written(5), True),
        (written(10.5), True),
        (written(15), False),
        (written(20.5), False),
        (written(30), False),
        (written(-1), False),
        (written(5, contact_id="905"), False),
        (written(5, portal_id=2), False),
    ],
)
def test_what_does_not_belong_is_seen(one: Communication, *, belongs: bool) -> None:
    """A reply belongs to its own contact where its project is connected, give or take what was under way."""
    assert belongs == belonged(HISTORY, one, LEAD)


def test_moves_are_counted() -> None:
    """Connecting again to the same project is no move, whatever lies between."""
    assert 1 == moves(HISTORY)
    assert 0 == moves([installed("a-0", 0), ended("a-0", 1), installed("a-0", 2)])
    assert 2 == moves([*HISTORY, installed("a-0", 30)])
