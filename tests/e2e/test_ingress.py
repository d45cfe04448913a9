"""Deliveries of the simulated senders, through the gateway and the ingress, to their topics."""

import json
import time

import httpx2
import pytest
from aiokafka import AIOKafkaConsumer
from pydantic import JsonValue
from tests.faults._ingress_deliveries import CONTACTS, Signer

from contracts.contacts import ContactCreated, ContactErased, ContactUpdated
from contracts.topics import CONTACT_CREATED, CONTACT_ERASED, CONTACT_UPDATED
from harness.control import HubSpotControl
from harness.credentials import write_private
from harness.event_log import EventLog, partitions_of
from harness.system import System
from harness.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

LONGEST = 60.0
"""Seconds."""
OCCURRED_AT = 1_795_348_800_123
CANARY = "+14155557788"
"""A number that no record may show."""


def event(portal_id: int, subscription: str, **particulars: JsonValue) -> JsonValue:
    """One event of a contact, as HubSpot writes it."""
    return {
        "eventId": 100,
        "subscriptionId": 12_345,
        "portalId": portal_id,
        "appId": 54_321,
        "occurredAt": OCCURRED_AT,
        "subscriptionType": subscription,
        "attemptNumber": 0,
        "objectId": 904,
        "changeSource": "CRM_UI",
        "sourceId": "userId:42",
        **particulars,
    }


async def bytes_of(bootstrap: str, topic: str) -> bytes:
    """Everything that the records of a topic hold, headers and keys included."""
    partitions, found = await partitions_of(bootstrap, topic), b""
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(one) < end for one, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    found += b"".join([record.key, record.value, *(value for _, value in record.headers)])
    return found


async def test_contact_events_reach_their_topics_without_numbers(ingress: System) -> None:
    """Both names of a creation, a changed number and an erasure are told, and the number is in no record."""
    run = ingress.seed("contacts")
    portal_id, hubspot = run.portals[0].portal_id, HubSpotControl(run.hubspot_url)
    delivery_id = await hubspot.tell(
        portal_id,
        [
            event(portal_id, "contact.creation"),
            event(portal_id, "object.creation", objectId=905, objectTypeId="0-1"),
            event(portal_id, "contact.propertyChange", propertyName="phone", propertyValue=CANARY),
            event(portal_id, "contact.propertyChange", propertyName="lastname", propertyValue=CANARY),
            event(portal_id, "contact.privacyDeletion", objectId=906),
            event(portal_id, "deal.creation", objectId=907),
        ],
    )
    log = EventLog(run.kafka_bootstrap)

    async def is_taken() -> bool:
        """A broker that has just begun may be too slow; then HubSpot comes again, and so do we, only sooner."""
        answers = await hubspot.attempts(portal_id, delivery_id)
        if answers[-1:] == [503]:
            await hubspot.redeliver(delivery_id)
        return answers[-1:] == [200]

    def ours(data: ContactCreated | ContactUpdated | ContactErased) -> bool:
        return data.portal_id == portal_id

    await eventually(is_taken, what="the delivery to be taken", seconds=LONGEST)
    created = await log.wait_count(CONTACT_CREATED, ours, 2, seconds=LONGEST)
    updated = await log.wait_count(CONTACT_UPDATED, ours, 1, seconds=LONGEST)
    erased = await log.wait_count(CONTACT_ERASED, ours, 1, seconds=LONGEST)

    assert {"904", "905"} == {position.event.data.contact_id for position in created}
    assert {"phone"} == {position.event.data.property for position in updated}
    assert {"906"} == {position.event.data.contact_id for position in erased}
    assert CANARY.encode() not in await bytes_of(run.kafka_bootstrap, CONTACT_UPDATED.name)
    await hubspot.close()


async def test_a_delivery_that_comes_again_has_the_same_ids(ingress: System) -> None:
    """The same delivery, signed anew, tells the same events under the same ids, so that consumers can drop them."""
    run = ingress.seed("again")
    portal_id, hubspot, log = run.portals[0].portal_id, HubSpotControl(run.hubspot_url), EventLog(run.kafka_bootstrap)
    delivery_id = await hubspot.tell(portal_id, [event(portal_id, "contact.creation")])
    await hubspot.redeliver(delivery_id)

    found = await log.wait_count(CONTACT_CREATED, lambda data: data.portal_id == portal_id, 2, seconds=LONGEST)
    await hubspot.close()

    assert 1 == len({position.event.id for position in found})


async def test_a_secret_rotates_without_a_restart(ingress: System) -> None:
    """While two client secrets are in force both sign; when the older one is removed, it signs no more."""
    older, newer = ingress.credentials.hubspot_client_secret, "0" * 64
    file, secrets = ingress.files.secrets("webhooks"), ingress.credentials.secrets_of("webhooks")

    write_private(file, {**secrets, "hubspot_client_secrets": [newer, older]})
    await eventually(lambda: status_is(ingress, newer, 200), what="the new secret to be read", seconds=LONGEST)
    both = await delivered(ingress, older)
    write_private(file, {**secrets, "hubspot_client_secrets": [newer]})
    await eventually(lambda: status_is(ingress, older, 401), what="the old secret to be gone", seconds=LONGEST)
    write_private(file, secrets)
    await eventually(lambda: status_is(ingress, older, 200), what="the secrets to be back", seconds=LONGEST)

    assert 200 == both


async def status_is(system: System, secret: str, status: int) -> bool:
    """Whether a delivery signed with a secret is answered so."""
    return await delivered(system, secret) == status


async def delivered(system: System, secret: str) -> int:
    """The status of a delivery that is signed with a secret."""
    body = json.dumps([event(1, "deal.creation")]).encode()
    headers = Signer(system.addresses.gateway_url, secret.encode(), b"").hubspot(
        "POST", CONTACTS, body, str(int(time.time() * 1000))
    )
    async with httpx2.AsyncClient(trust_env=False) as http:
        answer = await http.post(
            system.url("webhooks") + CONTACTS,
            content=body,
            headers={name.decode(): value.decode() for name, value in headers},
        )
    return answer.status_code
