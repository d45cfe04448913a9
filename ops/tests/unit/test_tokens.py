"""`chertctl tokens check`."""

import json

import pytest
from ops.tests.unit._played import NOW, PlayedDesk, played_desk
from ops.tests.unit.test_tenant import answer, snapshot, work
from tests.e2e._golden import same_as_golden

from chertctl import tenants, tokens
from chertctl.outcomes import WrongCallError
from contracts.tenant_operations import TenantList, TenantOverview, TokenCheck


@pytest.fixture
def desk() -> PlayedDesk:
    """A desk at which two accounts are connected and one is not."""
    desk = played_desk()
    listed = [snapshot(1), snapshot(2), snapshot(3, status="inactive")]
    overviews = tuple(TenantOverview(tenant=one, installed_at=NOW) for one in listed)
    desk.services.will("oauth", "/ops/tenants", TenantList(tenants=overviews))
    for service in tenants.SISTERS:
        desk.services.will(service, "/ops/tenants", answer(work(1), work(2), work(3)))
    desk.services.will("oauth", "/ops/tenants/1/token-check", TokenCheck(portal_id=1, verdict="alive"))
    desk.services.will("oauth", "/ops/tenants/2/token-check", TokenCheck(portal_id=2, verdict="ended"))
    return desk


async def test_everybody_connected_is_asked_about(desk: PlayedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """A grant that HubSpot does not know is a finding; an account that ended is not asked about."""
    found = await tokens.check_grants(desk, [], everyone=True, dry_run=False, yes=True)

    same_as_golden("tokens-check", json.loads(capsys.readouterr().out))
    assert found
    assert {"alive": 1, "ended": 1} == desk.journal.events[-1].data.result


async def test_living_grants_are_no_finding(desk: PlayedDesk) -> None:
    """Nothing is wrong with an account whose grant lives."""
    assert not await tokens.check_grants(desk, [1], everyone=False, dry_run=False, yes=True)


async def test_a_dry_run_asks_nobody(desk: PlayedDesk) -> None:
    """HubSpot's answer may end an account, so a dry run does not ask for it."""
    assert not await tokens.check_grants(desk, [], everyone=True, dry_run=True, yes=False)
    assert [] == [asked for _, asked, _ in desk.services.asked if "token-check" in asked]
    assert [] == desk.told()


@pytest.mark.parametrize(("portal_ids", "everyone"), [([], False), ([1], True)])
async def test_it_has_to_be_said_which(desk: PlayedDesk, portal_ids: list[int], everyone: bool) -> None:
    """Neither nobody nor both is meant."""
    with pytest.raises(WrongCallError):
        await tokens.check_grants(desk, portal_ids, everyone=everyone, dry_run=False, yes=True)
