"""The running service: an account connects, is worked for, and leaves."""

import asyncio
import signal
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from aiokafka import AIOKafkaProducer

from contracts.envelope import Event
from contracts.internal import AccessToken, TenantCheck
from contracts.tenants import AppUninstalled
from contracts.topics import APP_UNINSTALLED, TENANT_INSTALLED, TENANT_UNINSTALLED
from harness.addresses import Environments
from harness.backends import Broker
from harness.browser import Browser, Visit
from harness.control import HubSpotControl
from harness.credentials import write_private
from harness.event_log import EventLog
from harness.ports import free_port
from harness.processes import Process
from harness.waiting import eventually

pytestmark = pytest.mark.integration

SECONDS = 30.0
Start = Callable[..., Process]


async def connect(browser: Browser, http: httpx2.AsyncClient, environments: Environments) -> tuple[int, Visit]:
    """A new account in a new project, connected by hand; its id, and where the browser ended up."""
    portal_id, slug = uuid.uuid4().int % 10**12 + 1, f"tenant-{uuid.uuid4().hex[:8]}"
    user = f"{slug}@example.test"
    project = {"slug": slug, "project_id": f"p-{slug}", "name": slug, "user": user}
    await http.post(f"{environments.addresses.url('chert')}/control/tenants", json=project)
    portal = {"portal_id": portal_id, "name": slug}
    await http.post(f"{environments.addresses.url('hubspot')}/control/portals", json=portal)
    login = await browser.get(f"{environments.addresses.gateway_url}/console")
    form = login.page.form("user", "return_to")
    assert form is not None
    await browser.submit(login, form, user=user)
    install = f"{environments.addresses.gateway_url}/api/hubspot/oauth/install?project=p-{slug}"
    consent = await browser.get(install)
    form = consent.page.form("portal", "decision")
    assert form is not None
    return portal_id, await browser.submit(consent, form, portal=str(portal_id), decision="approve")


async def ask(
    http: httpx2.AsyncClient, environments: Environments, method: str, path: str, port: int | None = None
) -> httpx2.Response:
    """Ask as `actions` does."""
    base = environments.addresses.url("oauth") if port is None else f"http://localhost:{port}"
    credential = environments.credentials.service_credentials["actions"]
    return await http.request(
        method, f"{base}/internal/tenants/{path}", headers={"Authorization": f"Bearer {credential}"}
    )


async def refreshes(http: httpx2.AsyncClient, environments: Environments) -> int:
    """How often HubSpot's token route was called."""
    seen = await http.get(
        f"{environments.addresses.url('hubspot')}/control/requests", params={"path_prefix": "/oauth", "limit": 1000}
    )
    return len([one for one in seen.json()["requests"] if one["path"].endswith("/token")])


async def lines_of(environments: Environments, *events: str) -> str:
    """What the service wrote, once all of these are told there: lines wait for each other for a moment."""

    async def written() -> str | None:
        text = environments.files.log("oauth").read_text()
        return text if all(f'"{event}"' in text for event in events) else None

    return await eventually(written, what=f"lines of {events}", seconds=SECONDS)


async def test_an_account_connects_is_worked_for_and_leaves(
    oauth: Process,
    environments: Environments,
    browser: Browser,
    hubspot: HubSpotControl,
    http: httpx2.AsyncClient,
    kafka_bootstrap: str,
) -> None:
    """By hand through both simulators: console, event, token and check; after an uninstall and its hint, the end."""
    portal_id, console = await connect(browser, http, environments)
    log = EventLog(kafka_bootstrap)

    assert ("/console", 200) == (console.path, console.status)
    assert f"HubSpot account {portal_id} is connected" in console.page.words
    installed = await log.find(TENANT_INSTALLED, lambda data: data.portal_id == portal_id, seconds=SECONDS)
    assert "active" == installed.event.data.status
    token = AccessToken.model_validate_json(
        (await ask(http, environments, "POST", f"{portal_id}/access-token")).content
    )
    assert token.expires_at > datetime.now(UTC)

    await hubspot.uninstall(portal_id)
    hint = Event(
        type=APP_UNINSTALLED,
        id=f"app.uninstalled:{portal_id}",
        source="/webhooks",
        time=datetime.now(UTC),
        data=AppUninstalled(portal_id=portal_id, occurred_at=datetime.now(UTC)),
    )
    async with AIOKafkaProducer(bootstrap_servers=kafka_bootstrap, acks="all") as producer:
        await producer.send_and_wait(hint.topic, value=hint.value(), key=hint.key(), headers=hint.headers())
    ended = await log.find(TENANT_UNINSTALLED, lambda data: data.portal_id == portal_id, seconds=SECONDS)

    assert "app_uninstalled" == ended.event.data.reason
    assert ended.event.data.revision > installed.event.data.revision
    refused = await ask(http, environments, "POST", f"{portal_id}/access-token")
    assert (403, 2010) == (refused.status_code, refused.json()["code"])
    check = await ask(http, environments, "GET", str(portal_id))
    assert "inactive" == TenantCheck.model_validate_json(check.content).status

    (callback,) = [url for url in console.way if "/oauth/callback" in url]
    query = parse_qs(urlsplit(callback).query)
    secrets = {
        token.access_token,
        query["code"][0],
        query["state"][0],
        environments.credentials.service_credentials["actions"],
    }
    written = await lines_of(
        environments, "install.started", "install.completed", "outbox.relayed", "tenant.deactivated"
    )
    assert [] == [secret for secret in secrets if secret in written]


async def test_two_processes_refresh_once(
    oauth: Process, start: Start, environments: Environments, browser: Browser, http: httpx2.AsyncClient
) -> None:
    """Two hundred calls at once over two processes for an expired token cause one refresh and get one answer."""
    other = free_port()
    start("oauth", other)
    portal_id, _ = await connect(browser, http, environments)
    before = await refreshes(http, environments)
    write_private(environments.files.clock, {"offset_seconds": 1790.0, "since": 0.0})

    async def call(number: int) -> httpx2.Response:
        return await ask(http, environments, "POST", f"{portal_id}/access-token", other if number % 2 else None)

    answers = await asyncio.gather(*(call(number) for number in range(200)))

    assert {200} == {answer.status_code for answer in answers}
    assert 1 == len({answer.json()["access_token"] for answer in answers})
    assert 1 == await refreshes(http, environments) - before


async def test_what_was_written_is_told_after_a_kill(
    oauth: Process,
    start: Start,
    environments: Environments,
    browser: Browser,
    http: httpx2.AsyncClient,
    kafka: Broker,
    kafka_bootstrap: str,
) -> None:
    """An install that succeeded while Kafka stood still is told by the next process, though the first was killed."""
    kafka.pause()
    try:
        portal_id, console = await connect(browser, http, environments)
        oauth.kill()
    finally:
        kafka.resume()

    assert f"HubSpot account {portal_id} is connected" in console.page.words
    start("oauth")
    found = await EventLog(kafka_bootstrap).find(
        TENANT_INSTALLED, lambda data: data.portal_id == portal_id, seconds=SECONDS
    )
    assert "active" == found.event.data.status


async def test_it_becomes_ready_and_stops_clean(
    oauth: Process, environments: Environments, http: httpx2.AsyncClient
) -> None:
    """The process says when it is ready, stays alive, and ends within ten seconds when asked to."""
    base = environments.addresses.url("oauth")

    async def ready() -> bool:
        return (await http.get(f"{base}/readyz")).is_success

    await eventually(ready, what="readiness", seconds=SECONDS)
    assert (await http.get(f"{base}/livez")).is_success
    oauth.stop(grace_seconds=10)

    assert -signal.SIGTERM == oauth._child.returncode


def test_no_internal_route_is_public(oauth: Process, environments: Environments) -> None:
    """Through the gateway there are no internal routes."""
    answer = httpx2.get(f"{environments.addresses.gateway_url}/internal/tenants/1", trust_env=False)

    assert 404 == answer.status_code
