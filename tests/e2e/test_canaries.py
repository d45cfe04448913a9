"""Canary secrets in codes, states, cookies, tokens and credentials: none is found where no secret may be."""

import json
import secrets
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus

import httpx2
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from contracts.envelope import Event
from contracts.tenants import AppUninstalled
from contracts.topics import APP_UNINSTALLED, EVENT_TYPES, TENANT_INSTALLED, TENANT_UNINSTALLED
from harness.addresses import SERVICES
from harness.admins import INSTALL_PATH, SESSION_COOKIE, Admin, client
from harness.control import HubSpotControl
from harness.event_log import EventLog, partitions_of
from harness.run_file import RunFile
from harness.seeding import console_user
from harness.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SECONDS = 60.0
TOKEN_SECONDS = 1_800.0
CALLBACK = "/api/hubspot/oauth/callback"
REQUIRED = ["oauth", "crm.objects.contacts.read", "crm.objects.contacts.write", "crm.schemas.contacts.read"]


@dataclass
class Canaries:
    """Secrets of this test, by what they are, and every answer and address that must not hold one."""

    secrets: dict[str, str] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)

    def new(self, what: str) -> str:
        """A secret nobody else has."""
        self.secrets[what] = f"canary{secrets.token_hex(12)}"
        return self.secrets[what]

    def heard(self, answer: httpx2.Response) -> httpx2.Response:
        """An answer to be searched: its body, and where it redirects to within our own addresses."""
        where = answer.headers.get("location", "")
        self.answers.append(f"{answer.status_code} {where if where.startswith('/') else ''}\n{answer.text}")
        return answer

    def found_in(self, places: Iterable[tuple[str, str]]) -> list[str]:
        """What was found where."""
        return [f"{what} in {name}" for name, text in places for what, value in self.secrets.items() if value in text]


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """A client without cookies."""
    async with client() as http:
        yield http


def token_answer(canaries: Canaries, portal_id: int, number: int) -> str:
    """HubSpot's answer with canaries for tokens."""
    return json.dumps(
        {
            "access_token": canaries.new(f"access token {number}"),
            "refresh_token": canaries.new(f"refresh token {number}"),
            "expires_in": 1800,
            "hub_id": portal_id,
            "scopes": REQUIRED,
            "token_type": "bearer",
        }
    )


async def refuse_callbacks(run: RunFile, http: httpx2.AsyncClient, canaries: Canaries) -> None:
    """Callbacks that are refused, with canaries in every place, for browsers and for API clients."""
    code, state = canaries.new("code"), canaries.new("state")
    cookie, session = canaries.new("state cookie"), canaries.new("session")
    cookies = f"__Host-chert_hubspot_state_{state[:16]}={cookie}; {SESSION_COOKIE}={session}"
    addresses = [
        f"{CALLBACK}?code={code}&state={state}",
        f"{CALLBACK}?code={code}",
        f"{CALLBACK}?state={state}&error={canaries.new('error')}&error_description={canaries.new('description')}",
        f"{INSTALL_PATH}?step=finalize&code={code}&state={state}&returnUrl=https://evil.test/{code}",
        "/console",
    ]
    for address in addresses:
        for accept in ("text/html", "application/json"):
            answer = await http.get(run.gateway_url + address, headers={"Cookie": cookies, "Accept": accept})
            canaries.heard(answer)
            assert answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR


async def connect(system: System, run: RunFile, http: httpx2.AsyncClient, canaries: Canaries) -> None:
    """An install that succeeds and whose tokens are canaries, and the same callback again."""
    hubspot, portal = HubSpotControl(run.hubspot_url), run.portals[0]
    admin = await Admin.sign_in(http, run.chert_url, console_user(run.chert.tenant_slug))
    canaries.secrets["signed-in session"] = admin.session
    begun = await admin.begin(run.gateway_url, portal.project_id)
    consent = await admin.approve(begun, portal.portal_id)
    canaries.secrets |= {f"real {what}": value for what, value in consent.secrets.items()}
    canaries.secrets["real state cookie"] = begun.cookies.partition("=")[2]
    body = token_answer(canaries, portal.portal_id, 1)
    await hubspot.fault(method="POST", path_prefix="/oauth/", kind="status", status=200, body=body, after_write=True)
    answer = canaries.heard(await admin.finish(run.gateway_url, consent))
    assert answer.has_redirect_location
    canaries.heard(await admin.finish(run.gateway_url, consent))
    page = f"{run.gateway_url}/console/projects/{portal.project_id}/accounts/{portal.portal_id}"
    for address in (f"{run.gateway_url}{answer.headers['location']}", f"{run.gateway_url}/console", page):
        canaries.heard(await http.get(address, headers={"Cookie": f"{SESSION_COOKIE}={admin.session}"}))
    await hubspot.close()


async def work(system: System, run: RunFile, http: httpx2.AsyncClient, canaries: Canaries) -> None:
    """Refreshes that fail in every way with canaries in HubSpot's words, one that succeeds, and a wrong credential."""
    hubspot, portal_id = HubSpotControl(run.hubspot_url), run.portals[0].portal_id
    url = f"{system.url('oauth')}/internal/tenants/{portal_id}/access-token"
    credential = {"Authorization": f"Bearer {system.credentials.service_credentials['actions']}"}
    wrong = {"Authorization": f"Bearer {canaries.new('credential')}"}
    canaries.heard(await http.post(url, headers=wrong))
    system.set_clock(offset_seconds=TOKEN_SECONDS)
    for status in (500, 400, 401, 429):
        words = {"status": "ERROR", "message": canaries.new(f"message {status}"), "error": "server_error"}
        await hubspot.fault(method="POST", path_prefix="/oauth/", kind="status", status=status, body=json.dumps(words))
        canaries.heard(await http.post(url, headers=credential))
        await hubspot.call_off_faults()
    html = f"<html>{canaries.new('html')}</html>"
    await hubspot.fault(method="POST", path_prefix="/oauth/", kind="status", status=200, body=html)
    canaries.heard(await http.post(url, headers=credential))
    await hubspot.call_off_faults()
    await hubspot.close()


async def leave(run: RunFile) -> None:
    """A hint: HubSpot does not know the canary that stands for the refresh token, so the account ends."""
    now, portal_id = datetime.now(UTC), run.portals[0].portal_id
    data = AppUninstalled(portal_id=portal_id, occurred_at=now)
    hint = Event(type=APP_UNINSTALLED, id=f"canary:{portal_id}", source="/webhooks", time=now, data=data)
    async with AIOKafkaProducer(bootstrap_servers=run.kafka_bootstrap, acks="all") as producer:
        await producer.send_and_wait(hint.topic, value=hint.value(), key=hint.key(), headers=hint.headers())
    log = EventLog(run.kafka_bootstrap)
    for kind in (TENANT_INSTALLED, TENANT_UNINSTALLED):
        await log.wait_count(kind, lambda data: data.portal_id == portal_id, 1, seconds=SECONDS)


async def records(bootstrap: str) -> list[tuple[str, str]]:
    """Every record of every topic of ours, keys and headers too."""
    partitions = await partitions_of(bootstrap, *EVENT_TYPES)
    found: list[tuple[str, str]] = []
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(one) < end for one, end in ends.items()]):
            for place, batch in (await consumer.getmany(timeout_ms=200)).items():
                found += [(place.topic, repr((record.key, record.value, record.headers))) for record in batch]
    return found


async def metrics(run: RunFile, http: httpx2.AsyncClient) -> list[tuple[str, str]]:
    """What every service says of itself."""
    return [(f"metrics of {name}", (await http.get(f"{run.services[name]}/metrics")).text) for name in SERVICES]


async def calls(run: RunFile) -> list[tuple[str, str]]:
    """The addresses that were called at HubSpot; the consent screen's, which has to carry the state, aside."""
    hubspot = HubSpotControl(run.hubspot_url)
    received = await hubspot.requests()
    await hubspot.close()
    return [("a call's address", f"{one.path}?{one.query}") for one in received if "authorize" not in one.path]


async def test_no_secret_is_found_where_none_may_be(new_system: System, http: httpx2.AsyncClient) -> None:
    """Refused and successful installs, failed refreshes and the end leave no secret in log, body, event, metric."""
    run, canaries = new_system.seed("canaries"), Canaries()
    await refuse_callbacks(run, http, canaries)
    await connect(new_system, run, http, canaries)
    await work(new_system, run, http, canaries)
    await leave(run)
    own = new_system.credentials
    canaries.secrets |= {"client secret": own.hubspot_client_secret, "state secret": own.state_secret}
    canaries.secrets |= {f"credential of {name}": value for name, value in own.service_credentials.items()}

    logs = [(path.name, path.read_text(errors="replace")) for path in new_system.files.folder.glob("logs/*.log")]
    told = await records(run.kafka_bootstrap)
    answers = [("an answer", answer) for answer in canaries.answers]
    searched = [*logs, *told, *answers, *await metrics(run, http), *await calls(run)]

    assert {"oauth.log", "gateway.log"} <= {name for name, _ in logs}
    assert "tenant.uninstalled" in {topic for topic, _ in told}
    assert len(canaries.secrets) > 20
    assert [] == canaries.found_in(searched)
