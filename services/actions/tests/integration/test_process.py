"""One send through the running service."""

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime

import httpx2
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from contracts.envelope import Event, EventType, decode
from contracts.messages import MessageSent
from contracts.tenants import TenantInstalled, TenantSnapshot, TenantUninstalled
from contracts.topics import MESSAGE_SENT, TENANT_INSTALLED, TENANT_UNINSTALLED
from harness.full_database import full_database
from harness.ports import LOOPBACK, answers
from harness.processes import Command, Process, Supervisor
from harness.waiting import eventually

pytestmark = pytest.mark.integration

BASE, PATH = "https://app.example.test", "/api/hubspot/send"
MOMENT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def address(command: Command) -> str:
    """Where a process listens."""
    port = command.environment.get("ACTIONS_PORT") or command.environment["CHERT_SIM_PORT"]
    return f"http://{LOOPBACK}:{port}"


def run(supervisor: Supervisor, command: Command) -> Process:
    """Start a process and wait until it listens."""
    process = supervisor.start(command)
    process.wait_ready(lambda: answers(int(address(command).rpartition(":")[2])), seconds=30)
    return process


def execution(portal_id: int, callback_id: str, *, enrollment_id: int = 5, phone: str = "(415) 555-1234") -> bytes:
    """An execution request."""
    return json.dumps(
        {
            "callbackId": callback_id,
            "origin": {
                "portalId": portal_id,
                "actionExecutionIndexIdentifier": {"enrollmentId": enrollment_id, "actionExecutionIndex": 0},
            },
            "context": {"source": "WORKFLOWS", "workflowId": 9},
            "object": {"objectId": 904, "properties": {"phone": phone, "firstname": "Ada"}},
            "inputFields": {"message": "Hi {{ contact.firstname }}"},
        }
    ).encode()


async def post(http: httpx2.AsyncClient, actions: Command, body: bytes) -> httpx2.Response:
    """Call the service, signed just now."""
    timestamp = str(int(time.time() * 1000))
    digest = hmac.digest(b"client-secret", f"POST{BASE}{PATH}".encode() + body + timestamp.encode(), hashlib.sha256)
    headers = {
        "X-HubSpot-Signature-v3": base64.b64encode(digest).decode(),
        "X-HubSpot-Request-Timestamp": timestamp,
    }
    return await http.post(address(actions) + PATH, content=body, headers=headers)


async def connect(http: httpx2.AsyncClient, chert: Command, actions: Command, kafka_bootstrap: str) -> int:
    """A connected account: known to Chert, told in Kafka, and in the projection of the service, which is ready."""
    portal_id, slug = uuid.uuid4().int % 10**12 + 1, f"tenant-{uuid.uuid4().hex}"
    made = await http.post(f"{address(chert)}/control/tenants", json={"slug": slug, "project_id": slug, "name": slug})
    assert made.status_code == 201
    data = TenantInstalled(
        portal_id=portal_id,
        project_id=slug,
        chert_tenant=slug,
        status="active",
        generation=1,
        revision=1,
        scopes=("oauth",),
    )
    await tell(kafka_bootstrap, TENANT_INSTALLED, data)
    probe = execution(portal_id, "probe", enrollment_id=4, phone="")

    async def is_known() -> bool:
        answer = (await post(http, actions, probe)).json()
        return "outputFields" in answer and answer["outputFields"]["code"] == "1013"

    await eventually(is_known, what="the projection", seconds=30)
    return portal_id


async def tell(kafka_bootstrap: str, event_type: EventType[TenantSnapshot], data: TenantSnapshot) -> None:
    """Publish what `oauth` would."""
    event = Event(
        type=event_type,
        id=f"{event_type.name}:{data.portal_id}:{data.revision}",
        source="/oauth",
        time=MOMENT,
        data=data,
    )
    async with AIOKafkaProducer(bootstrap_servers=kafka_bootstrap, acks="all") as producer:
        await producer.send_and_wait(event.topic, event.value(), key=event.key(), headers=event.headers())


async def told_of(kafka_bootstrap: str, claim: str) -> Event[MessageSent]:
    """The `message.sent` of a claim."""
    async with AIOKafkaConsumer(
        MESSAGE_SENT.name, bootstrap_servers=kafka_bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        async for record in consumer:
            event = decode(MESSAGE_SENT, record.headers, record.value)
            if event.data.claim == claim:
                return event
    raise AssertionError("the topic ended")


async def sends(http: httpx2.AsyncClient, chert: Command, claim: str) -> list[dict[str, str]]:
    """What Chert sent for a claim."""
    ledger = (await http.get(f"{address(chert)}/control/ledger")).json()
    return [send for send in ledger["sends"] if send["idempotency_key"] == claim]


async def is_ready(http: httpx2.AsyncClient, actions: Command) -> bool:
    """Whether the service misses nothing."""
    ready = await http.get(f"{address(actions)}/readyz")
    return (ready.status_code, ready.json()["missing"]) == (200, {})


async def test_an_execution_becomes_a_message_and_an_event(
    supervisor: Supervisor,
    chert_command: Command,
    actions_command: Command,
    http: httpx2.AsyncClient,
    kafka_bootstrap: str,
) -> None:
    """Signed execution, one message at Chert, the outputs, `message.sent` in Kafka; a repeat changes nothing."""
    run(supervisor, chert_command)
    process = run(supervisor, actions_command)
    portal_id = await connect(http, chert_command, actions_command, kafka_bootstrap)
    await eventually(lambda: is_ready(http, actions_command), what="readiness", seconds=30)
    body, claim = execution(portal_id, "ap-1"), f"wf:{portal_id}:ap-1"

    first, again = await post(http, actions_command, body), await post(http, actions_command, body)

    [sent] = await sends(http, chert_command, claim)
    event = await told_of(kafka_bootstrap, claim)
    outputs = first.json()["outputFields"]
    assert ("true", "false", sent["message_id"]) == (outputs["ok"], outputs["duplicate"], outputs["message_id"])
    assert outputs | {"duplicate": "true"} == again.json()["outputFields"]
    assert ("+14155551234", "Hi Ada") == (sent["phone"], sent["body"])
    assert (sent["message_id"], sent["lead_id"]) == (event.data.message_id, event.data.chat_id)
    process.stop()
    log = actions_command.log.read_text()
    assert [] == [text for text in ("4155551234", "555-1234", "Hi Ada", "client-secret", "credential") if text in log]


async def test_nobody_is_called_unknown_while_oauth_is_away(
    supervisor: Supervisor,
    chert_command: Command,
    actions_command: Command,
    http: httpx2.AsyncClient,
) -> None:
    """An account that the projection does not know is postponed while `oauth` cannot be asked."""
    run(supervisor, actions_command)

    response = await post(http, actions_command, execution(1, "ap-1"))

    assert (503, True, "1000") == (response.status_code, response.json()["retryable"], response.headers["retry-after"])


async def test_nothing_is_sent_while_the_database_has_no_room(
    supervisor: Supervisor,
    chert_command: Command,
    actions_command: Command,
    http: httpx2.AsyncClient,
    kafka_bootstrap: str,
    mongo_url: str,
) -> None:
    """An execution that cannot be claimed is put off and reaches nobody; repeated when there is room, it sends once."""
    run(supervisor, chert_command)
    async with full_database(mongo_url) as database:
        told = {**actions_command.environment, "ACTIONS_MONGO_URL": database.url}
        actions = replace(actions_command, environment=told)
        process = await asyncio.to_thread(run, supervisor, actions)
        portal_id = await connect(http, chert_command, actions, kafka_bootstrap)
        body, claim = execution(portal_id, "ap-1"), f"wf:{portal_id}:ap-1"
        database.full = True
        refused = await post(http, actions, body)
        sent_meanwhile = await sends(http, chert_command, claim)
        database.full = False
        taken = await post(http, actions, body)

        assert (503, True) == (refused.status_code, refused.json()["retryable"])
        assert [] == sent_meanwhile
        [sent] = await sends(http, chert_command, claim)
        assert sent["message_id"] == taken.json()["outputFields"]["message_id"]
        await asyncio.to_thread(process.stop)  # before what it speaks to is gone


async def test_an_uninstalled_account_is_refused_once_oauth_confirmed_it(
    supervisor: Supervisor,
    chert_command: Command,
    actions_command: Command,
    http: httpx2.AsyncClient,
    kafka_bootstrap: str,
    oauth: list[str],
) -> None:
    """After `tenant.uninstalled`, `oauth` is asked and the workflow gets the published words."""
    run(supervisor, chert_command)
    run(supervisor, actions_command)
    portal_id = await connect(http, chert_command, actions_command, kafka_bootstrap)
    data = TenantUninstalled(
        portal_id=portal_id,
        project_id="any",
        chert_tenant="any",
        status="inactive",
        generation=1,
        revision=2,
        scopes=(),
        reason="app_uninstalled",
    )
    await tell(kafka_bootstrap, TENANT_UNINSTALLED, data)
    numbers = itertools.count()

    async def is_refused() -> dict[str, str] | None:
        number = next(numbers)
        body = execution(portal_id, f"further-{number}", enrollment_id=100 + number, phone="")
        outputs: dict[str, str] = (await post(http, actions_command, body)).json()["outputFields"]
        return outputs if outputs["code"] == "2001" else None

    outputs = await eventually(is_refused, what="the refusal", seconds=30)

    assert ("unknown or inactive tenant", "FAIL_CONTINUE") == (outputs["error"], outputs["hs_execution_state"])
    assert {f"GET /internal/tenants/{portal_id} HTTP/1.1"} == set(oauth)


async def test_a_kill_after_chert_accepted_sends_once(
    supervisor: Supervisor,
    chert_command: Command,
    actions_command: Command,
    http: httpx2.AsyncClient,
    kafka_bootstrap: str,
) -> None:
    """Killed (-9) at its worst moment and started again, the service sends nothing twice and tells what it sent."""
    run(supervisor, chert_command)
    process = run(supervisor, actions_command)
    portal_id = await connect(http, chert_command, actions_command, kafka_bootstrap)
    body, claim = execution(portal_id, "ap-1"), f"wf:{portal_id}:ap-1"
    hang = {"method": "POST", "path_prefix": "/api/v1/send", "kind": "hang", "count": 1, "after_write": True}
    await http.post(f"{address(chert_command)}/control/faults", json=hang)

    async with asyncio.TaskGroup() as calls:
        call = calls.create_task(cut_off(http, actions_command, body))
        await eventually(lambda: sends(http, chert_command, claim), what="the message", seconds=10)
        process.kill()
    assert call.result()
    run(supervisor, actions_command)

    async def is_answered() -> httpx2.Response | None:
        response = await post(http, actions_command, body)
        return response if response.status_code == 200 else None

    response = await eventually(is_answered, what="the answer", seconds=40)

    [sent] = await sends(http, chert_command, claim)
    event = await told_of(kafka_bootstrap, claim)
    assert sent["message_id"] == response.json()["outputFields"]["message_id"] == event.data.message_id


async def cut_off(http: httpx2.AsyncClient, actions: Command, body: bytes) -> bool:
    """Whether a call ended without an answer."""
    try:
        await post(http, actions, body)
    except httpx2.TransportError:
        return True
    return False
