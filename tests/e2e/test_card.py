"""The card, contact creation and opting out, in the whole running system."""

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import parse_qs

import httpx2
import pytest
from aiokafka import AIOKafkaProducer
from pydantic import JsonValue

from contracts.contacts import ContactCreated, ContactErased
from contracts.envelope import Event, EventData
from contracts.topics import CONTACT_CREATED, CONTACT_ERASED, TENANT_UPDATED
from harness.admins import Admin, client
from harness.card import Card, CardAnswer
from harness.seeding import console_user
from harness.waiting import eventually
from harness.walk import Walk

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240), pytest.mark.usefixtures("unpublished_routes")]

SECONDS = 60.0
FIVE = {"phone", "mobilephone", "firstname", "lastname", "company"}


def client_message_id() -> str:
    """The card's own id of one message."""
    return secrets.token_hex(8)


def messages(answer: CardAnswer) -> list[dict[str, JsonValue]]:
    """The thread that a card shows."""
    found = answer.part("conversation").get("messages")
    return [message for message in found if isinstance(message, dict)] if isinstance(found, list) else []


@pytest.fixture
async def connected(walk: Walk) -> Walk:
    """A connected account."""
    await walk.connect()
    return walk


@pytest.fixture
async def card(connected: Walk) -> AsyncIterator[Card]:
    """A rep's card there."""
    async with Card(connected.run, connected.portal.portal_id) as card:
        yield card


async def told(walk: Walk, event: Event[EventData]) -> None:
    """What the ingress would publish."""
    async with AIOKafkaProducer(bootstrap_servers=walk.run.kafka_bootstrap) as producer:
        await producer.send_and_wait(event.topic, event.value(), key=event.key(), headers=event.headers())


async def test_a_rep_and_a_lead_talk(connected: Walk, card: Card) -> None:
    """Open, send, repeat, see it; the lead answers, it appears; STOP closes the composer, START opens it again."""
    walk, contact = connected, connected.contact
    opened = await card.context(contact.id)
    assert (200, contact.phone, True) == (
        opened.status,
        opened.part("contact")["phone"],
        opened.part("composer")["first_message"],
    )

    message_id, text = client_message_id(), f"Hello {secrets.token_hex(4)}"
    sent, again = await card.send(contact.id, text, message_id), await card.send(contact.id, text, message_id)
    assert (True, False, True) == (sent.body["ok"], sent.body["duplicate"], again.body["duplicate"])
    assert [text] == [one.body for one in await walk.chert.sent(walk.run.chert.tenant_slug)]

    async def own() -> bool:
        shown = messages(await card.context(contact.id))
        return [(one["id"], one["client_message_id"], one["sender"]) for one in shown] == [
            (sent.body["message_id"], message_id, {"kind": "you", "user_id": 42, "workflow_id": None})
        ]

    await eventually(own, what="the message in the thread, as the rep's own", seconds=SECONDS)

    await walk.chert.reply(walk.run.chert.tenant_slug, contact.phone, "Yes please")

    async def answered() -> bool:
        return "Yes please" in [one["text"] for one in messages(await card.context(contact.id))]

    await eventually(answered, what="the answer in the thread", seconds=SECONDS)

    await walk.chert.reply(walk.run.chert.tenant_slug, contact.phone, " stop ")

    async def closed() -> bool:
        composer = (await card.context(contact.id)).part("composer")
        return composer["code"] == 1012 and composer["opted_out_since"] is not None

    await eventually(closed, what="the composer to close", seconds=SECONDS)
    refused = await card.send(contact.id, "Still there?", client_message_id())
    assert (200, 1012, "contact opted out") == (refused.status, refused.code, refused.body["error"])
    execution = await walk.hubspot.run_workflow(walk.portal.portal_id, contact.id, "Still there?")
    assert ("1012", "contact opted out") == (execution.output_fields["code"], execution.output_fields["error"])

    await walk.chert.reply(walk.run.chert.tenant_slug, contact.phone, "START")

    async def opened_again() -> bool:
        return (await card.context(contact.id)).part("composer")["can_send"] is True

    await eventually(opened_again, what="the composer to open", seconds=SECONDS)
    assert (await card.send(contact.id, "Welcome back", client_message_id())).body["ok"]


async def test_a_created_contact_gets_the_template_once(connected: Walk) -> None:
    """Turned on in the console, a new number gets one message, however often and for however many contacts."""
    walk, portal_id = connected, connected.portal.portal_id
    await turn_on(walk)
    since = await walk.hubspot.last_request()
    numbers = [f"+1415555{number:04}" for number in secrets.SystemRandom().sample(range(10_000), 3)]
    contacts = [await add_contact(walk, number) for number in (numbers[0], numbers[0], numbers[1])]

    for contact_id in (*contacts, *contacts):
        await told(walk, created(portal_id, contact_id))

    async def sent() -> bool:
        return len(await walk.chert.sent(walk.run.chert.tenant_slug)) >= 2

    await eventually(sent, what="the templates to go out", seconds=SECONDS)
    await told(walk, created(portal_id, await add_contact(walk, numbers[2])))
    await eventually(lambda: went_to(walk, numbers[2]), what="a contact told last", seconds=SECONDS)
    messages = await walk.chert.sent(walk.run.chert.tenant_slug)
    assert sorted(numbers) == sorted(one.phone for one in messages)
    assert {"Welcome Neo"} == {one.body for one in messages}
    assert FIVE == await properties_read(walk, since)


async def test_an_erased_contact_is_forgotten(connected: Walk, card: Card) -> None:
    """After HubSpot's privacy deletion a late repeat of its send does nothing and tells nothing."""
    walk, contact = connected, connected.contact
    message_id = client_message_id()
    await card.send(contact.id, "Hello", message_id)
    await told(
        walk,
        Event(
            type=CONTACT_ERASED,
            id=f"contact.erased:{walk.portal.portal_id}:{contact.id}",
            source="/webhooks",
            time=datetime.now(UTC),
            data=ContactErased(portal_id=walk.portal.portal_id, contact_id=contact.id, occurred_at=datetime.now(UTC)),
        ),
    )

    async def forgotten() -> bool:
        return (await card.send(contact.id, "Hello", message_id)).body.get("error") == "contact was erased"

    await eventually(forgotten, what="the send to be erased", seconds=SECONDS)
    assert 1 == len(await walk.chert.sent(walk.run.chert.tenant_slug))


async def test_only_five_properties_are_read(connected: Walk, card: Card) -> None:
    """Whatever the card does, no call asks for a contact property outside the five."""
    since = await connected.hubspot.last_request()
    await card.context(connected.contact.id)
    await card.send(connected.contact.id, "Hello", client_message_id())

    assert FIVE == await properties_read(connected, since)


async def test_no_phone_has_its_true_reason(connected: Walk, card: Card) -> None:
    """A property that the account lacks is told apart from one that is empty."""
    walk = connected
    contact_id = await add_contact(walk, "")
    portal = f"{walk.run.hubspot_url}/control/portals/{walk.portal.portal_id}"
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
        assert (await http.patch(portal, json={"missing_properties": ["mobilephone"]})).is_success

    composer = (await card.context(contact_id)).part("composer")

    assert (1013, "contact has no usable phone number") == (composer["code"], composer["error"])
    assert "Phone number is empty, and Chert cannot read Mobile phone number in this account." == composer["message"]


async def test_a_disconnected_account_is_told_so(connected: Walk, card: Card) -> None:
    """Disconnected while the card is open: the next question gets Chert's documented words."""
    await connected.uninstall()

    answer = await card.context(connected.contact.id)

    assert (200, 2001, "unknown or inactive tenant") == (answer.status, answer.code, answer.body["error"])


def created(portal_id: int, contact_id: str) -> Event[EventData]:
    """HubSpot says that a contact was created."""
    now = datetime.now(UTC)
    return Event(
        type=CONTACT_CREATED,
        id=f"contact.created:{portal_id}:{contact_id}",
        source="/webhooks",
        time=now,
        data=ContactCreated(
            portal_id=portal_id, contact_id=contact_id, occurred_at=now - timedelta(milliseconds=1), change_source="API"
        ),
    )


async def add_contact(walk: Walk, number: str) -> str:
    """A contact with this number."""
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
        answer = await http.post(
            f"{walk.run.hubspot_url}/control/portals/{walk.portal.portal_id}/contacts",
            json={"properties": {"firstname": "Neo", "phone": number}},
        )
    return str(answer.json()["id"])


async def turn_on(walk: Walk) -> None:
    """Let the account send a template to created contacts, and the service know it."""
    run, slug = walk.run, walk.run.chert.tenant_slug
    async with client() as http:
        admin = await Admin.sign_in(http, run.chert_url, console_user(slug))
        changed = await admin.change_settings(
            run.services["oauth"],
            walk.portal.project_id,
            walk.portal.portal_id,
            auto_create_leads="on",
            auto_send_on_create="on",
            auto_send_template="Welcome {{ contact.firstname }}",
            default_region="US",
            retention_days="90",
        )
    assert changed.status_code < HTTPStatus.BAD_REQUEST, changed.text[:300]
    updated = await walk.log.find(TENANT_UPDATED, lambda data: data.portal_id == walk.portal.portal_id, seconds=SECONDS)
    assert updated.event.data.settings.auto_send_on_create
    await walk.log.wait_consumed("actions", updated, seconds=SECONDS)


async def went_to(walk: Walk, phone: str) -> bool:
    """Whether a message went to this number."""
    return phone in [one.phone for one in await walk.chert.sent(walk.run.chert.tenant_slug)]


async def properties_read(walk: Walk, since: int) -> set[str]:
    """Which properties of contacts were asked for by anybody since a request."""
    received = await walk.hubspot.requests("/crm/objects/", since=since)
    contacts = [one for one in received if "/contacts/" in one.path and one.method == "GET"]
    return {name for one in contacts for name in parse_qs(one.query).get("properties", [""])[0].split(",")}
