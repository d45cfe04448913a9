"""What the card shows."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from actions.adapters.in_memory import (
    Faults,
    InMemoryContacts,
    InMemoryConversationStore,
    InMemoryFacts,
    InMemoryMessenger,
    InMemorySendStore,
    InMemoryTenantAuthority,
    InMemoryTenantStore,
    InMemoryWishStore,
)
from actions.api.card import CardUseCases
from actions.errors import (
    ContactGoneError,
    ContactUnreadableError,
    DifferentRequestError,
    HubSpotBusyError,
    UnknownTenantError,
)
from actions.handlers.words import words_for_rep
from actions.models import (
    Attachment,
    Author,
    Campaign,
    CardMessage,
    ChatHistory,
    ChatMessage,
    Contact,
    ContactChat,
    NumberChat,
    PhoneLine,
    Refused,
    Sender,
    Viewer,
    Window,
    Wish,
)
from chassis.clock import ManualClock
from chassis.number_hash import KeyedNumberHash
from contracts.failures import Code
from contracts.tenants import TenantSettings, TenantSnapshot

REP = Viewer(62515, user_id=42)
NUMBER = "+14155551234"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HELLO = CardMessage(contact_id="904", text="Hi {{ contact.firstname }}", client_message_id="client-0001")


async def test_a_contact_nobody_wrote_to(card: CardUseCases) -> None:
    """The card of a new contact shows the number it would write to, and warns of a first message."""
    shown = await card.show(REP, "904")

    assert ("904", "Ada Lovelace", NUMBER, "phone") == (
        shown.contact.id,
        shown.contact.name,
        shown.contact.phone,
        shown.contact.phone_property,
    )
    assert (None, True) == (shown.composer.refusal, shown.composer.first_message)
    assert (True, None, ()) == (
        shown.conversation.available,
        shown.conversation.chat_id,
        shown.conversation.messages,
    )
    assert (None, False) == (shown.status.phone_line, shown.status.next_send_known)


async def test_a_thread_says_who_sent_what(
    card: CardUseCases, keep_sent: Callable[..., None], facts: InMemoryFacts
) -> None:
    """The rep, a colleague, a workflow, the contact, contact creation, and whoever did not use this account."""
    names = ["mine", "colleague", "workflow", "created", "elsewhere", "foreign"]
    inbound = ChatMessage(id="reply", inbound=True, text="Hi", attachments=(Attachment("media", "in_1", None),))
    sent = tuple(ChatMessage(id=name, inbound=False, text=name) for name in names)
    facts.histories["acme", "lead-1"] = ChatHistory((inbound, *sent), has_more=True)
    for author in (
        Author("acme", "mine", 62515, "card", "card:62515:client-0001", user_id=42),
        Author("acme", "colleague", 62515, "card", "card:62515:a:b", user_id=43),
        Author("acme", "workflow", 62515, "workflow", "wf:62515:ap-1", workflow_id=9),
        Author("acme", "created", 62515, "contact_creation", "cc:62515:904"),
        Author("acme", "foreign", 1, "card", "card:1:c", user_id=42),
    ):
        keep_sent(author)

    shown = await card.show(REP, "904")

    assert [
        Sender("contact"),
        Sender("you", user_id=42),
        Sender("colleague", user_id=43),
        Sender("workflow", workflow_id=9),
        Sender("contact_creation"),
        Sender("unknown"),
        Sender("unknown"),
    ] == [message.sender for message in shown.conversation.messages]
    assert [None, "client-0001", "a:b", None, None, None, None] == [
        message.client_message_id for message in shown.conversation.messages
    ]
    assert shown.conversation.has_more
    assert shown.composer.first_message is False


async def test_what_came_with_a_message_is_on_its_page(
    card: CardUseCases, facts: InMemoryFacts, conversations: InMemoryConversationStore, number_hash: KeyedNumberHash
) -> None:
    """Media of a reply leads to its page on the console, of ours nowhere; a link has an address of its own."""
    sent_along = (
        Attachment("media", "in_1", "https://chert.example/in_1"),
        Attachment("rich_link", None, "https://maps.example/here"),
    )
    facts.histories["acme", "lead-1"] = ChatHistory(
        (
            ChatMessage(id="m/1", inbound=True, text="", attachments=sent_along),
            ChatMessage(id="m-2", inbound=False, text="", attachments=sent_along),
        )
    )
    await conversations.learn([NumberChat("acme", number_hash(NUMBER), "lead-1")])

    shown = await card.show(REP, "904")

    assert [
        ["https://app.example.test/console/messages/acme/m%2F1", "https://maps.example/here"],
        [None, "https://maps.example/here"],
    ] == [[one.url for one in message.message.attachments] for message in shown.conversation.messages]


async def test_a_chat_that_the_contact_began_is_found_at_chert(
    card: CardUseCases, facts: InMemoryFacts, conversations: InMemoryConversationStore, number_hash: KeyedNumberHash
) -> None:
    """Where Chert tells the lead of a number, its chat is shown, and remembered."""
    facts.leads["acme", NUMBER] = "lead-7"

    shown = await card.show(REP, "904")

    assert "lead-7" == shown.conversation.chat_id
    assert NumberChat("acme", number_hash(NUMBER), "lead-7") == (
        await conversations.of_number("acme", number_hash(NUMBER))
    )


async def test_a_linked_chat_is_shown_without_a_number(
    card: CardUseCases, contacts: InMemoryContacts, conversations: InMemoryConversationStore, facts: InMemoryFacts
) -> None:
    """A contact without a number still shows the conversation that was linked to it, and why nobody can write."""
    contacts.add(62515, Contact(id="904"))
    facts.histories["acme", "lead-3"] = ChatHistory((ChatMessage(id="m", inbound=True, text="Hi"),))
    await conversations.link(ContactChat(62515, "acme", "904", "lead-3"))

    shown = await card.show(REP, "904")

    assert ["m"] == [message.message.id for message in shown.conversation.messages]
    assert (1013, "contact has no usable phone number") == shown.composer.refusal


@pytest.mark.parametrize(
    ("contact", "missing", "words"),
    [
        (Contact("904"), (), "This contact has no phone number. Fill in Phone number or Mobile phone number."),
        (
            Contact("904", phone=" "),
            (),
            "This contact has no phone number. Fill in Phone number or Mobile phone number.",
        ),
        (
            Contact("904", phone="12"),
            (),
            "This contact's number cannot be used. Write it with its country code and without an extension.",
        ),
        (
            Contact("904", phone="12"),
            ("mobilephone",),
            "This contact's number cannot be used. Write it with its country code and without an extension.",
        ),
        (
            Contact("904"),
            ("mobilephone",),
            "Phone number is empty, and Chert cannot read Mobile phone number in this account.",
        ),
        (
            Contact("904"),
            ("phone", "mobilephone"),
            "Chert cannot read Phone number and Mobile phone number in this account. Ask an admin to let it.",
        ),
    ],
)
async def test_no_phone_says_why(
    contact: Contact, missing: tuple[str, ...], words: str, card: CardUseCases, contacts: InMemoryContacts
) -> None:
    """Empty, unusable, and not to be read are told apart."""
    contacts.add(62515, contact)
    contacts.missing[62515] = frozenset(missing)

    shown = await card.show(REP, "904")

    assert (words, None) == (shown.composer.words, shown.contact.phone)


async def test_an_opted_out_contact_says_since_when(
    card: CardUseCases, wishes: InMemoryWishStore, number_hash: KeyedNumberHash
) -> None:
    """The composer is closed with 1012, and the card knows when STOP was written."""
    await wishes.record("acme", number_hash(NUMBER), Wish(stop=True, at=NOON, message_id="in-1"))

    composer = (await card.show(REP, "904")).composer

    assert ((1012, "contact opted out"), NOON) == (composer.refusal, composer.opted_out_since)


@pytest.mark.parametrize("hangs", [True, False])
async def test_a_chert_that_does_not_tell_leaves_the_rest(
    hangs: bool,
    card: CardUseCases,
    facts: InMemoryFacts,
    conversations: InMemoryConversationStore,
    number_hash: KeyedNumberHash,
) -> None:
    """Without Chert the card still shows the contact, and says that the conversation is not available."""
    facts.away, facts.hangs = True, hangs
    await conversations.learn([NumberChat("acme", number_hash(NUMBER), "lead-1")])

    shown = await card.show(REP, "904")

    assert (False, "lead-1") == (shown.conversation.available, shown.conversation.chat_id)
    assert (NUMBER, None, None) == (shown.contact.phone, shown.composer.refusal, shown.composer.first_message)


@pytest.mark.parametrize(("setting", "line_id"), [("line-7", "line-7"), (None, "line-8"), ("line-9", None)])
async def test_the_line_in_use_is_the_setting_or_the_last_one(
    setting: str | None,
    line_id: str | None,
    card: CardUseCases,
    tenant: TenantSnapshot,
    tenants: InMemoryTenantStore,
    facts: InMemoryFacts,
    keep_sent: Callable[..., None],
) -> None:
    """The account's own line counts, else the one that the last message went out from."""
    await tenants.apply(
        tenant.model_copy(update={"revision": tenant.revision + 1, "settings": TenantSettings(phone_line_id=setting)})
    )
    facts.phone_lines["acme"] = (PhoneLine("line-7", "+1555", True), PhoneLine("line-8", "+1556", False))
    facts.next_sends["acme", "lead-1"] = NOON
    keep_sent(Author("acme", "m-1", 62515, "workflow", "wf:62515:ap-1"), "line-8")

    status = (await card.show(REP, "904")).status

    assert line_id == (None if status.phone_line is None else status.phone_line.id)
    assert (True, NOON) == (status.next_send_known, status.next_send_at)


async def test_a_contact_of_another_account_is_not_found(card: CardUseCases, contacts: InMemoryContacts) -> None:
    """The record is the card's word alone: it must exist in the account of the signed query."""
    contacts.add(1, Contact(id="905", phone=NUMBER))

    with pytest.raises(ContactGoneError):
        await card.show(REP, "905")
    with pytest.raises(ContactGoneError):
        await card.send(REP, replace(HELLO, contact_id="905"))


async def test_an_unconnected_account_is_unknown(card: CardUseCases, authority: InMemoryTenantAuthority) -> None:
    """No projection and no `oauth` knows it: nothing is read and nothing sent."""
    stranger = Viewer(1, user_id=42)

    for asking in (card.show(stranger, "904"), card.send(stranger, HELLO), card.campaign(stranger)):
        with pytest.raises(UnknownTenantError):
            await asking

    assert 3 == authority.asked


async def test_a_message_is_sent_once(
    card: CardUseCases, contacts: InMemoryContacts, messenger: InMemoryMessenger, sends: InMemorySendStore
) -> None:
    """The contact is read anew, tags are replaced, the user is recorded; a repeat needs no HubSpot."""
    first = await card.send(REP, HELLO)
    contacts.add(62515, Contact(id="904", phone="+14155550000"))
    again = await card.send(REP, HELLO)

    assert (first.outcome, False, True) == (again.outcome, first.duplicate, again.duplicate)
    assert [("Hi Ada", NUMBER)] == [(one.message.body, one.message.phone) for one in messenger.ledger]
    assert [(62515, "904")] == contacts.reads
    send = sends.sends["card:62515:client-0001"]
    assert ("card", 42) == (send.source, send.user_id)


async def test_repeats_at_once_send_once(card: CardUseCases, messenger: InMemoryMessenger, clock: ManualClock) -> None:
    """HubSpot's own repeat, beside the first call, gets the same answer."""
    sending = [asyncio.create_task(card.send(REP, HELLO)) for _ in range(2)]
    while not all(task.done() for task in sending):
        clock.advance(0.01)  # the one that comes second looks again after a while
        await asyncio.sleep(0)

    assert 1 == len(messenger.ledger)
    assert sending[0].result().outcome == sending[1].result().outcome


async def test_a_temporary_failure_can_be_tried_again_under_the_same_id(
    card: CardUseCases, contacts: InMemoryContacts, faults: Faults, messenger: InMemoryMessenger
) -> None:
    """What failed before anything was claimed leaves nothing behind."""
    faults.plan("before read", HubSpotBusyError(retry_after_seconds=1.0))
    with pytest.raises(HubSpotBusyError):
        await card.send(REP, HELLO)

    assert "accepted" == (await card.send(REP, HELLO)).outcome.kind
    assert 1 == len(messenger.ledger)


@pytest.mark.parametrize("change", [{"text": "Bye"}, {"contact_id": "906"}])
async def test_an_id_is_good_for_one_message(
    change: dict[str, str], card: CardUseCases, contacts: InMemoryContacts, messenger: InMemoryMessenger
) -> None:
    """The same client message id with another text or contact is refused, and nothing goes out."""
    contacts.add(62515, Contact(id="906", phone="+14155550000"))
    await card.send(REP, HELLO)

    with pytest.raises(DifferentRequestError):
        await card.send(REP, replace(HELLO, **change))

    assert 1 == len(messenger.ledger)


async def test_a_colleague_cannot_learn_anothers_answer(card: CardUseCases) -> None:
    """Another user's message under the same id is another message."""
    await card.send(REP, HELLO)

    with pytest.raises(DifferentRequestError):
        await card.send(Viewer(62515, user_id=43), HELLO)


async def test_an_opted_out_contact_gets_nothing(
    card: CardUseCases, wishes: InMemoryWishStore, messenger: InMemoryMessenger, number_hash: KeyedNumberHash
) -> None:
    """Whatever the card showed before, the send itself asks."""
    await wishes.record("acme", number_hash(NUMBER), Wish(stop=True, at=NOON, message_id="in-1"))

    outcome = (await card.send(REP, HELLO)).outcome

    assert isinstance(outcome, Refused)
    assert (1012, 0) == (outcome.code, messenger.calls)


async def test_the_campaign_shows_what_chert_tells(card: CardUseCases, facts: InMemoryFacts) -> None:
    """What Chert tells, and this account's own latest sends, refused ones in words for a rep."""
    facts.campaigns["acme"] = Campaign("Hi", 3, 100, Window("09:00", "17:00"), "UTC", auto_dial=False)
    await card.send(REP, HELLO)
    await card.send(REP, replace(HELLO, client_message_id="client-0002", text="{{ nonsense }}"))

    status = await card.campaign(REP)

    assert facts.campaigns["acme"] == status.campaign
    words = words_for_rep(Code.INVALID_FIELD, "the message has an unknown tag nonsense")
    assert {("card", "904", "sent", ""), ("card", "904", "refused", words)} == {
        (recent.source, recent.contact_id, recent.status, recent.error) for recent in status.recent
    }


@pytest.mark.parametrize("hangs", [True, False])
async def test_a_campaign_that_chert_does_not_tell_is_not_available(
    hangs: bool, card: CardUseCases, facts: InMemoryFacts
) -> None:
    """No figure is ever made up."""
    facts.hangs = hangs

    assert (None, ()) == ((status := await card.campaign(REP)).campaign, status.recent)


async def test_an_old_send_is_not_recent(card: CardUseCases, sends: InMemorySendStore) -> None:
    """The tab shows the last 24 hours."""
    await card.send(REP, HELLO)
    key = "card:62515:client-0001"
    sends.sends[key] = replace(sends.sends[key], claimed_at=NOON - timedelta(hours=25))

    assert () == (await card.campaign(REP)).recent


async def test_unreadable_contacts_are_told_apart_from_absent_ones(card: CardUseCases, faults: Faults) -> None:
    """A missing scope is the account's trouble, not the contact's."""
    faults.plan("before read", ContactUnreadableError())

    with pytest.raises(ContactUnreadableError):
        await card.show(REP, "904")
