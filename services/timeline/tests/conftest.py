"""Time and an account, the same for all of the service's tests."""

import pytest

from chassis.clock import ManualClock
from contracts.tenants import TenantSnapshot


@pytest.fixture
def clock() -> ManualClock:
    """Time that stands until it is moved."""
    return ManualClock()


@pytest.fixture
def tenant() -> TenantSnapshot:
    """A connected account."""
    return TenantSnapshot(
        portal_id=62515,
        project_id="project-1",
        chert_tenant="acme",
        status="active",
        generation=3,
        revision=1_795_348_800_000,
        scopes=("oauth",),
    )
