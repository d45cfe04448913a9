"""`oauth` killed (-9) while HubSpot carries out the uninstall of a disconnect: resumed, and nothing is done twice."""

import json
from collections.abc import Sequence

import pytest

from contracts.internal import TenantCheck
from contracts.topics import TENANT_UNINSTALLED
from harness.admins import Admin, client
from harness.control import HubSpotControl
from harness.seeding import console_user
from harness.system import System
from harness.waiting import eventually
from harness.walk import Walk

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SECONDS = 90.0
"""Longer than a dead process keeps the lease of a departure."""

UNINSTALL = "/appinstalls/"


async def held(hubspot: HubSpotControl, since: int) -> bool:
    """Whether HubSpot has the uninstall call and does not answer it."""
    return [None] == [one.status for one in await hubspot.requests(UNINSTALL, since=since)]


async def status(system: System, portal_id: int) -> str:
    """What `oauth` says of an account."""
    credential = system.credentials.service_credentials["actions"]
    async with client() as http:
        answer = await http.get(
            f"{system.url('oauth')}/internal/tenants/{portal_id}", headers={"Authorization": f"Bearer {credential}"}
        )
    return TenantCheck.model_validate_json(answer.content).status


def steps(system: System, portal_id: int) -> Sequence[str]:
    """What was recorded of an account's departure, in order, by every process there was."""
    lines = [json.loads(line) for line in system.files.log("oauth").read_text().splitlines() if line.startswith("{")]
    return [one["step"] for one in lines if one["event"] == "departure.advanced" and one["portal_id"] == portal_id]


@pytest.mark.parametrize(
    ("after_write", "advanced"),
    [(False, ["revoke", "erase", "over"]), (True, ["erase", "over"])],
    ids=["before", "after"],
)
async def test_a_disconnect_outlives_its_process(
    walk: Walk, system: System, after_write: bool, advanced: list[str]
) -> None:
    """Whether HubSpot has done it or not, the next process finishes, each step once, and the account can come back."""
    await walk.connect()
    run, portal, since = walk.run, walk.portal, await walk.hubspot.last_request()
    await walk.hubspot.fault(method="DELETE", path_prefix=UNINSTALL, kind="hang", count=1, after_write=after_write)
    async with client() as http:
        admin = await Admin.sign_in(http, run.chert_url, console_user(run.chert.tenant_slug))
        await admin.disconnect(run.gateway_url, portal.project_id, portal.portal_id)

        await eventually(lambda: held(walk.hubspot, since), what="HubSpot to hold the uninstall call", seconds=SECONDS)
        assert "inactive" == await status(system, portal.portal_id)
        system.kill("oauth")
        assert [] == steps(system, portal.portal_id)
        system.start("oauth")
        assert "inactive" == await status(system, portal.portal_id)

        async def is_over() -> bool:
            return "over" in steps(system, portal.portal_id)

        await eventually(is_over, what="the end of the departure", seconds=SECONDS)
        assert advanced == steps(system, portal.portal_id)
        assert 2 == len(await walk.hubspot.requests(UNINSTALL, since=since))
        ended = await walk.log.find(
            TENANT_UNINSTALLED, lambda tenant: tenant.portal_id == portal.portal_id, seconds=SECONDS
        )
        assert "disconnected" == ended.event.data.reason
        again = await admin.connect(run.gateway_url, portal.project_id, portal.portal_id)
        assert again.headers["location"].startswith("/console?notice=connected")
        assert "active" == await status(system, portal.portal_id)
    await walk.send()
