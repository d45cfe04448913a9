"""Leaving, with the service as its own process: an uninstall that nobody told us of."""

import uuid
from collections.abc import Callable

import httpx2
import pytest

from contracts.topics import TENANT_INSTALLED, TENANT_UNINSTALLED
from harness.addresses import Environments
from harness.browser import Browser, Visit
from harness.control import HubSpotControl
from harness.event_log import EventLog
from harness.processes import Process

pytestmark = pytest.mark.integration

SECONDS = 45.0
"""Longer than a dead process keeps a lease."""

Start = Callable[..., Process]


class Admin:
    """Someone with a project and a HubSpot account, in a browser."""

    def __init__(self, browser: Browser, environments: Environments) -> None:
        self._browser, self._environments = browser, environments
        self.portal_id, self.slug = uuid.uuid4().int % 10**12 + 1, f"tenant-{uuid.uuid4().hex[:8]}"

    async def begin(self, http: httpx2.AsyncClient) -> None:
        """Exist, and sign in."""
        addresses = self._environments.addresses
        user = f"{self.slug}@example.test"
        project = {"slug": self.slug, "project_id": f"p-{self.slug}", "name": self.slug, "user": user}
        await http.post(f"{addresses.url('chert')}/control/tenants", json=project)
        portal = {"portal_id": self.portal_id, "name": self.slug}
        await http.post(f"{addresses.url('hubspot')}/control/portals", json=portal)
        login = await self._browser.get(f"{addresses.gateway_url}/console")
        await self._submit(login, "user", user=user)

    async def connect(self) -> Visit:
        """Connect the account."""
        url = f"{self._environments.addresses.gateway_url}/api/hubspot/oauth/install?project=p-{self.slug}"
        consent = await self._browser.get(url)
        return await self._submit(consent, "portal", portal=str(self.portal_id), decision="approve")

    async def _submit(self, visit: Visit, field: str, **typed: str) -> Visit:
        form = visit.page.form(field)
        assert form is not None
        return await self._browser.submit(visit, form, **typed)


@pytest.fixture
async def admin(browser: Browser, environments: Environments, oauth: Process, http: httpx2.AsyncClient) -> Admin:
    """An admin whose account is connected."""
    admin = Admin(browser, environments)
    await admin.begin(http)
    await admin.connect()
    return admin


async def test_an_uninstall_that_nobody_told_is_found(
    oauth: Process,
    admin: Admin,
    start: Start,
    environments: Environments,
    hubspot: HubSpotControl,
    kafka_bootstrap: str,
) -> None:
    """Without a push, HubSpot's journal tells of an uninstall, and HubSpot confirms it."""
    log = EventLog(kafka_bootstrap)
    await log.find(TENANT_INSTALLED, lambda data: data.portal_id == admin.portal_id, seconds=SECONDS)
    await hubspot.uninstall(admin.portal_id, push=False)
    oauth.kill()
    start("oauth")
    ended = await log.find(TENANT_UNINSTALLED, lambda data: data.portal_id == admin.portal_id, seconds=SECONDS)

    assert "app_uninstalled" == ended.event.data.reason
