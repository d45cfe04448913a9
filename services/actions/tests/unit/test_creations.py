"""Created contacts, from the event to the template."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from actions.adapters.in_memory import (
    Faults,
    InMemoryContacts,
    InMemoryConversationStore,
    InMemoryCreationQueue,
    InMemoryCreationRecords,
    InMemoryFacts,
    InMemoryInstallTimes,
    InMemoryMessenger,
    InMemorySendStore,
    InMemoryTenantAuthority,
    InMemoryTenantStore,
    InMemoryWishStore,
)
from actions.errors import ContactUnreadableError, HubSpotBusyError, NotDeliveredError, StoreAwayError
from actions.handlers.creations.dispatching import HIDDEN, LONGEST_WAIT, DispatchCreations
from actions.handlers.creations.intake import TakeInCreations
from actions.handlers.creations.rules import CreationRules
from actions.handlers.sending import SendOnce
from actions.models import Campaign, ChatHistory, ChatMessage, Contact, NumberChat, Refused, Wish
from chassis.clock import ManualClock
from chassis.number_hash import KeyedNumberHash
from contracts.contacts import ContactCreated
from contracts.failures import Code
from contracts.tenants import TenantSettings, TenantSnapshot

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NUMBER = "+14155551234"
KEY = "cc:62515:904"
WANTED = TenantSettings(auto_send_on_create=True, auto_send_template="Welcome {{ contact.firstname }}")


def created(**changes: object) -> ContactCreated:
    """HubSpot says that a contact was created."""
    told: dict[str, object] = {
        "portal_id": 62515,
        "contact_id": "904",
        "occurred_at": NOON - timedelta(minutes=1),
        "change_source": "CRM_UI",
    }
    return ContactCreated.model_validate(told | changes)


@pytest.fixture
def queue() -> InMemoryCreationQueue:
    """Those that wait."""
    return InMemoryCreationQueue()


@pytest.fixture
def records() -> InMemoryCreationRecords:
    """Those that are settled."""
    return InMemoryCreationRecords()


@pytest.fixture
async def installs() -> InMemoryInstallTimes:
    """The account was connected an hour ago."""
    installs = InMemoryInstallTimes()
    await installs.note(62515, 3, NOON - timedelta(hours=1))
    return installs


@pytest.fixture
def change(tenant: TenantSnapshot, tenants: InMemoryTenantStore) -> Callable[..., Awaitable[None]]:
    """Changes the account."""
    revisions = iter(range(1, 100))

    async def change(**changes: object) -> None:
        told = {"settings": WANTED, "revision": tenant.revision + next(revisions), **changes}
        await tenants.apply(tenant.model_copy(update=told))

    return change


@pytest.fixture
async def wanted(change: Callable[..., Awaitable[None]]) -> None:
    """The account wants its template sent."""
    await change()


@pytest.fixture
def take_in(
    tenants: InMemoryTenantStore, queue: InMemoryCreationQueue, records: InMemoryCreationRecords, clock: ManualClock
) -> TakeInCreations:
    """The intake."""
    return TakeInCreations(tenants=tenants, queue=queue, records=records, clock=clock)


@pytest.fixture
def new_dispatcher(
    new_process: Callable[[], SendOnce],
    queue: InMemoryCreationQueue,
    records: InMemoryCreationRecords,
    tenants: InMemoryTenantStore,
    authority: InMemoryTenantAuthority,
    installs: InMemoryInstallTimes,
    contacts: InMemoryContacts,
    conversations: InMemoryConversationStore,
    facts: InMemoryFacts,
    number_hash: KeyedNumberHash,
    sends: InMemorySendStore,
    clock: ManualClock,
) -> Callable[[], DispatchCreations]:
    """Starts a process."""

    def start() -> DispatchCreations:
        rules = CreationRules(
            tenants=tenants,
            authority=authority,
            installs=installs,
            contacts=contacts,
            conversations=conversations,
            facts=facts,
            number_hash=number_hash,
            max_age=timedelta(hours=24),
        )
        return DispatchCreations(
            queue=queue, records=records, rules=rules, sends=sends, send=new_process(), clock=clock
        )

    return start


@pytest.fixture
def dispatch(new_dispatcher: Callable[[], DispatchCreations]) -> DispatchCreations:
    """A process."""
    return new_dispatcher()


def outcome(records: InMemoryCreationRecords, key: str = KEY) -> tuple[str, str | None]:
    """What became of a contact."""
    settled = records.settled[key]
    return settled.status, settled.reason


async def test_a_created_contact_gets_the_template_once(
    wanted: None,
    take_in: TakeInCreations,
    dispatch: DispatchCreations,
    queue: InMemoryCreationQueue,
    records: InMemoryCreationRecords,
    messenger: InMemoryMessenger,
    contacts: InMemoryContacts,
    sends: InMemorySendStore,
) -> None:
    """One contact read, one message, one record; HubSpot's repeats change nothing."""
    await take_in([created(), created()])
    assert [62515] == await queue.accounts_due(NOON, ())
    await dispatch.turn(62515)
    await take_in([created()])
    await dispatch.turn(62515)

    assert [("Welcome Ada", NUMBER)] == [(one.message.body, one.message.phone) for one in messenger.ledger]
    assert ("sent", None) == outcome(records)
    assert ({}, [(62515, "904")]) == (queue.waiting, contacts.reads)
    assert "contact_creation" == sends.sends[KEY].source


async def test_off_by_default(
    take_in: TakeInCreations,
    dispatch: DispatchCreations,
    change: Callable[..., Awaitable[None]],
    queue: InMemoryCreationQueue,
    records: InMemoryCreationRecords,
    messenger: InMemoryMessenger,
    contacts: InMemoryContacts,
) -> None:
    """An account that has it off costs no read, and turning it on later changes nothing for that contact."""
    await take_in([created()])
    assert (("skipped", "off"), {}) == (outcome(records), queue.waiting)

    await change()
    await take_in([created()])
    await dispatch.turn(62515)

    assert ({}, [], []) == (queue.waiting, contacts.reads, messenger.ledger)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"occurred_at": NOON - timedelta(hours=24, seconds=1)}, "too_old"),
        ({"occurred_at": NOON - timedelta(hours=2)}, "before_install"),
        ({"change_source": "IMPORT"}, "imported"),
        ({"contact_id": "905"}, "contact_gone"),
    ],
)
async def test_what_is_skipped_is_recorded(
    changes: dict[str, object],
    reason: str,
    wanted: None,
    take_in: TakeInCreations,
    dispatch: DispatchCreations,
    records: InMemoryCreationRecords,
    messenger: InMemoryMessenger,
) -> None:
    """Old events, those of an earlier install, imports, and contacts that are gone get nothing, and it says why."""
    event = created(**changes)
    await take_in([event])

    await dispatch.turn(62515)

    assert ("skipped", reason) == outcome(records, f"cc:62515:{event.contact_id}")
    assert [] == messenger.ledger


async def test_imports_have_a_setting_of_their_own(
    change: Callable[..., Awaitable[None]],
    take_in: TakeInCreations,
    dispatch: DispatchCreations,
    records: InMemoryCreationRecords,
) -> None:
    """An account may want imported contacts too."""
    await change(settings=WANTED.model_copy(update={"auto_send_imported": True}))
    await take_in([created(change_source="IMPORT")])

    await dispatch.turn(62515)

    assert ("sent", None) == outcome(records)


async def test_a_disconnected_account_gets_nothing(
    change: Callable[..., Awaitable[None]],
    take_in: TakeInCreations,
    dispatch: DispatchCreations,
    records: InMemoryCreationRecords,
    authority: InMemoryTenantAuthority,
    clock: ManualClock,
) -> None:
    """What happens while disconnected is recorded as skipped, once `oauth` confirmed it."""
    await change(status="inactive")
    authority.away = True
    await take_in([created()])
    await dispatch.turn(62515)
    assert {} == records.settled

    authority.away = False
    clock.advance(60)
    await dispatch.turn(62515)

    assert ("skipped", "not_connected") == outcome(records)


@pytest.mark.parametrize("known", ["here", "at chert"])
async def test_no_template_goes_into_a_conversation(
    known: str,
    wanted: None,
    take_in: TakeInCreations,
    dispatch: DispatchCreations,
    records: InMemoryCreationRecords,
    conversations: InMemoryConversationStore,
    facts: InMemoryFacts,
    number_hash: KeyedNumberHash,
) -> None:
    """Whoever exchanged messages with the project is no stranger, whatever contact is created for them."""
    if known == "here":
        await conversations.learn([NumberChat("acme", number_hash(NUMBER), "lead-1")])
    else:
        facts.leads["acme", NUMBER] = "lead-1"
        facts.histories["acme", "lead-1"] = ChatHistory((ChatMessage(id="m", inbound=True, text="Hi"),))
    await take_in([created()])

    await dispatch.turn(62515)

    assert ("skipped", "has_conversation") == outcome(records)


async def test_a_lead_without_messages_is_no_conversation(
    wanted: None,
    take_in: TakeInCreations,
    dispatch: DispatchCreations,
    records: InMemoryCreationRecords,
    facts: InMemoryFacts,
) -> None:
    """A number that Chert knows, and nobody wrote to, gets the template."""
    facts.leads["acme", NUMBER] = "lead-1"
    await take_in([created()])

    await dispatch.turn(62515)

    assert ("sent", None) == outcome(records)


async def test_a_number_gets_one_template(
    wanted: None,
    take_in: TakeInCreations,
    dispatch: DispatchCreations,
    records: InMemoryCreationRecords,
    contacts: InMemoryContacts,
    messenger: InMemoryMessenger,
    clock: ManualClock,
) -> None:
    """Two contacts with one number, created at once or merged and restored: one message."""
    contacts.add(62515, Contact("905", mobilephone="415-555-1234"))
    await take_in([created(), created(contact_id="905")])

    await dispatch.turn(62515)
    clock.advance(60)
    await dispatch.turn(62515)

    assert 1 == len(messenger.ledger)
    assert {("sent", None), ("skipped", "number_was_sent_to")} == {
        outcome(records, f"cc:62515:{contact_id}") for contact_id in ("904", "905")
    }


@pytest.mark.parametrize(
    ("override", "campaign", "sent"),
    [("Mine", "Project", "Mine"), ("", "Project", "Project"), ("", " ", None), ("", None, None)],
)
async def test_the_override_comes_before_the_projects_template(
    override: str,
    campaign: str | None,
    sent: str | None,
    change: Callable[..., Awaitable[None]],
    take_in: TakeInCreations,
    dispatch: DispatchCreations,
    records: InMemoryCreationRecords,
    facts: InMemoryFacts,
    messenger: InMemoryMessenger,
) -> None:
    """Without either there is nothing to send, also where Chert does not tell the project's."""
    await change(settings=WANTED.model_copy(update={"auto_send_template": override}))
    if campaign is not None:
        facts.campaigns["acme"] = Campaign(campaign, 0, None, None, "UTC", auto_dial=False)
    await take_in([created()])

    await dispatch.turn(62515)

    assert ([] if sent is None else [sent]) == [one.message.body for one in messenger.ledger]
    assert (("skipped", "no_template") if sent is None else ("sent", None)) == outcome(records)


async def test_a_refusal_is_recorded(
    wanted: None,
    take_in: TakeInCreations,
    dispatch: DispatchCreations,
    records: InMemoryCreationRecords,
    messenger: InMemoryMessenger,
) -> None:
    """At the daily cap the send is refused and not tried again."""
    messenger.refusal = Refused(code=2008, error="daily cap reached")
    await take_in([created()])

    await dispatch.turn(62515)

    assert ("refused", None) == outcome(records)


async def test_a_contact_without_a_number_is_refused(
    wanted: None,
    take_in: TakeInCreations,
    dispatch: DispatchCreations,
    records: InMemoryCreationRecords,
    contacts: InMemoryContacts,
    sends: InMemorySendStore,
) -> None:
    """It is recorded like any other send without a number, 1013."""
    contacts.add(62515, Contact("904"))
    await take_in([created()])

    await dispatch.turn(62515)

    assert (("refused", None), "1013") == (outcome(records), str(sends.sends[KEY].attempts[-1].code))


async def test_who_opted_out_gets_no_template(
    wanted: None,
    take_in: TakeInCreations,
    dispatch: DispatchCreations,
    records: InMemoryCreationRecords,
    wishes: InMemoryWishStore,
    messenger: InMemoryMessenger,
    number_hash: KeyedNumberHash,
) -> None:
    """STOP holds for contacts that are created later, too."""
    await wishes.record("acme", number_hash(NUMBER), Wish(stop=True, at=NOON, message_id="in-1"))
    await take_in([created()])

    await dispatch.turn(62515)

    assert (("refused", None), 0) == (outcome(records), messenger.calls)


async def test_a_busy_hubspot_is_asked_again_later(
    wanted: None,
    take_in: TakeInCreations,
    dispatch: DispatchCreations,
    records: InMemoryCreationRecords,
    faults: Faults,
    queue: InMemoryCreationQueue,
    clock: ManualClock,
) -> None:
    """What is temporary waits as long as HubSpot says, and is not lost."""
    faults.plan("before read", HubSpotBusyError(retry_after_seconds=7.0))
    await take_in([created()])
    await dispatch.turn(62515)
    assert (NOON + timedelta(seconds=7), {}) == (queue.waiting[KEY].due_at, records.settled)

    clock.advance(7)
    await dispatch.turn(62515)

    assert ("sent", None) == outcome(records)


async def test_saturated_lines_let_the_whole_account_wait(
    wanted: None,
    take_in: TakeInCreations,
    dispatch: DispatchCreations,
    faults: Faults,
    queue: InMemoryCreationQueue,
    contacts: InMemoryContacts,
) -> None:
    """When no line is free, nobody of the account is tried before one is."""
    contacts.add(62515, Contact("905", phone="+14155550000"))
    full = NotDeliveredError("full", may_have_happened=False, retry_after_seconds=600, code=Code.LINES_SATURATED)
    faults.plan("before send", full)
    await take_in([created()])
    await dispatch.turn(62515)
    await take_in([created(contact_id="905")])
    assert {NOON + timedelta(seconds=600)} == {
        queue.waiting[KEY].due_at,
    }
    faults.plan("before send", full)
    await dispatch.turn(62515)

    assert {NOON + timedelta(seconds=600)} == {one.due_at for one in queue.waiting.values()}


async def test_waiting_grows_to_an_end(
    wanted: None,
    take_in: TakeInCreations,
    dispatch: DispatchCreations,
    facts: InMemoryFacts,
    queue: InMemoryCreationQueue,
    clock: ManualClock,
) -> None:
    """While Chert is away the waits double, up to five minutes."""
    facts.away = True
    await take_in([created()])
    waits = []
    for _ in range(9):
        await dispatch.turn(62515)
        waits.append((queue.waiting[KEY].due_at - clock.now()).total_seconds())
        clock.advance(waits[-1])

    assert [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0, 300.0] == waits
    assert LONGEST_WAIT.total_seconds() == waits[-1]


@pytest.mark.parametrize(
    ("point", "reason"),
    [
        *((point, "number_was_sent_to") for point in ("after open", "after bind", "before send", "after send")),
        ("before settle", "number_was_sent_to"),
        ("after settle", "has_conversation"),
    ],
)
async def test_a_crash_at_any_point_sends_once(
    point: str,
    reason: str,
    wanted: None,
    take_in: TakeInCreations,
    new_dispatcher: Callable[[], DispatchCreations],
    records: InMemoryCreationRecords,
    messenger: InMemoryMessenger,
    faults: Faults,
    contacts: InMemoryContacts,
    clock: ManualClock,
) -> None:
    """Whoever comes after a process that died finishes its work: one message for the number, nothing lost."""
    contacts.add(62515, Contact("905", phone=NUMBER))
    await take_in([created()])
    faults.plan(point, KeyboardError())
    await new_dispatcher().turn(62515)

    await take_in([created(contact_id="905")])
    successor = new_dispatcher()
    for _ in range(6):
        clock.advance(HIDDEN.total_seconds())
        turn = asyncio.create_task(successor.turn(62515))
        while not turn.done():
            clock.advance(0.05)  # a claim that the dead process left is waited for
            await asyncio.sleep(0)
        turn.result()

    assert 1 == len(messenger.ledger)
    assert {("sent", None), ("skipped", reason)} == {outcome(records, one) for one in records.settled}


async def test_a_crash_before_forgetting_changes_nothing(
    wanted: None,
    take_in: TakeInCreations,
    dispatch: DispatchCreations,
    queue: InMemoryCreationQueue,
    records: InMemoryCreationRecords,
    contacts: InMemoryContacts,
) -> None:
    """One that is settled and still waits is only forgotten."""
    await take_in([created()])
    waiting = dict(queue.waiting)
    await dispatch.turn(62515)
    queue.waiting.update(waiting)

    await dispatch.turn(62515)

    assert ({}, 1, 1) == (queue.waiting, len(records.settled), len(contacts.reads))


async def test_a_database_that_is_away_loses_nothing(
    wanted: None,
    take_in: TakeInCreations,
    dispatch: DispatchCreations,
    records: InMemoryCreationRecords,
    faults: Faults,
    clock: ManualClock,
) -> None:
    """The contact is given out again."""
    await take_in([created()])
    faults.plan("before find", StoreAwayError())
    await dispatch.turn(62515)

    clock.advance(HIDDEN.total_seconds())
    await dispatch.turn(62515)

    assert ("sent", None) == outcome(records)


async def test_unreadable_contacts_are_skipped(
    wanted: None,
    take_in: TakeInCreations,
    dispatch: DispatchCreations,
    records: InMemoryCreationRecords,
    faults: Faults,
) -> None:
    """Without the scope there is nothing to send to."""
    faults.plan("before read", ContactUnreadableError())
    await take_in([created()])

    await dispatch.turn(62515)

    assert ("skipped", "contact_unreadable") == outcome(records)


class KeyboardError(Exception):
    """The process ends here."""
