"""One process over in-memory parts that outlive it, so that a test can kill it and start another."""

from collections.abc import Callable

import pytest
from pydantic import SecretStr

from actions.adapters.in_memory import (
    Deaths,
    Faults,
    InMemoryAliasStore,
    InMemoryAuthorStore,
    InMemoryCallbacks,
    InMemoryCardOpenings,
    InMemoryChertConversations,
    InMemoryContacts,
    InMemoryConversationStore,
    InMemoryFacts,
    InMemoryMessenger,
    InMemorySendStore,
    InMemoryStepStore,
    InMemoryTenantAuthority,
    InMemoryTenantStore,
    InMemoryWishStore,
)
from actions.api.card import CardUseCases
from actions.handlers.card.campaign import ShowCampaign
from actions.handlers.card.context import ShowCard
from actions.handlers.card.sending import SendFromCard
from actions.handlers.claims import Claims
from actions.handlers.parking import Parking
from actions.handlers.reconciling import Reconciling
from actions.handlers.sending import SendOnce
from actions.handlers.telling import Teller
from actions.models import Accepted, Attempt, Author, Contact, Lease, Outgoing, Send, SendRequest
from chassis.clock import ManualClock
from chassis.metrics import Metrics
from chassis.number_hash import KeyedNumberHash
from chassis.randomness import SeededRandomness
from contracts.tenants import TenantSettings, TenantSnapshot


@pytest.fixture
def clock() -> ManualClock:
    """Time that stands until it is moved."""
    return ManualClock()


@pytest.fixture
def faults() -> Faults:
    """Where the in-memory parts fail."""
    return Faults()


@pytest.fixture
def sends(faults: Faults) -> InMemorySendStore:
    """The sends."""
    return InMemorySendStore(faults)


@pytest.fixture
def aliases(faults: Faults) -> InMemoryAliasStore:
    """Their second names."""
    return InMemoryAliasStore(faults)


@pytest.fixture
def messenger(faults: Faults) -> InMemoryMessenger:
    """Chert."""
    return InMemoryMessenger(faults)


@pytest.fixture
def authority() -> InMemoryTenantAuthority:
    """What `oauth` would say."""
    return InMemoryTenantAuthority()


@pytest.fixture
def tenant() -> TenantSnapshot:
    """A connected account."""
    return TenantSnapshot(
        portal_id=62515,
        project_id="project-1",
        chert_tenant="acme",
        status="active",
        generation=3,
        revision=1_795_348_800_000,
        scopes=("oauth",),
        settings=TenantSettings(phone_line_id="line-7"),
    )


@pytest.fixture
async def tenants(tenant: TenantSnapshot) -> InMemoryTenantStore:
    """The projection, which knows the connected account."""
    store = InMemoryTenantStore()
    await store.apply(tenant)
    return store


@pytest.fixture
def number_hash() -> KeyedNumberHash:
    """How numbers are remembered."""
    return KeyedNumberHash(lambda: SecretStr("number-hash-key-0123456789"))


@pytest.fixture
def wishes(faults: Faults) -> InMemoryWishStore:
    """Who wants no messages."""
    return InMemoryWishStore(faults)


@pytest.fixture
def conversations(sends: InMemorySendStore) -> InMemoryConversationStore:
    """Which chat belongs to whom."""
    return InMemoryConversationStore(sends)


@pytest.fixture
def steps(faults: Faults) -> InMemoryStepStore:
    """Workflow steps that HubSpot holds."""
    return InMemoryStepStore(faults)


@pytest.fixture
def chert_conversations() -> InMemoryChertConversations:
    """What Chert tells of conversations."""
    return InMemoryChertConversations()


@pytest.fixture
def callbacks(faults: Faults) -> InMemoryCallbacks:
    """HubSpot's end of steps."""
    return InMemoryCallbacks(faults)


@pytest.fixture
def authors(sends: InMemorySendStore) -> InMemoryAuthorStore:
    """Who caused which message."""
    return InMemoryAuthorStore(sends)


@pytest.fixture
def keep_sent(sends: InMemorySendStore, number_hash: KeyedNumberHash, clock: ManualClock) -> Callable[..., None]:
    """Keeps the send of an author, to the contact's number in its chat `lead-1`, over a line where one is named."""

    def keep(author: Author, line: str | None = None) -> None:
        answer = Accepted(message_id=author.message_id, lead_id="lead-1", lead_created=False, phone_line_id=line)
        sends.sends[author.claim] = Send(
            key=author.claim,
            portal_id=author.portal_id,
            generation=1,
            project_id="project-1",
            chert_tenant=author.chert_tenant,
            contact_id="904",
            source=author.source,
            workflow_id=author.workflow_id,
            user_id=author.user_id,
            fingerprint="f",
            plan=Outgoing(phone="+14155551234", body="Hi", external_id="904"),
            claimed_at=clock.now(),
            lease=Lease(None, 1, 1),
            attempts=(Attempt("begun", clock.now(), 1, "a" * 32),),
            answer=answer,
            number_hash=number_hash("+14155551234"),
        )

    return keep


@pytest.fixture
def contacts(faults: Faults) -> InMemoryContacts:
    """HubSpot's contacts: one, in the connected account."""
    contacts = InMemoryContacts(faults)
    contacts.add(62515, Contact(id="904", phone="(415) 555-1234", firstname="Ada", lastname="Lovelace"))
    return contacts


@pytest.fixture
def openings(clock: ManualClock) -> InMemoryCardOpenings:
    """When the card was last opened."""
    return InMemoryCardOpenings(clock)


@pytest.fixture
def facts() -> InMemoryFacts:
    """What Chert tells."""
    return InMemoryFacts()


@pytest.fixture
def metrics() -> Metrics:
    """What is counted."""
    return Metrics()


@pytest.fixture
def announced() -> list[str]:
    """Grows each time the relay is woken."""
    return []


@pytest.fixture
def new_process(
    clock: ManualClock,
    sends: InMemorySendStore,
    aliases: InMemoryAliasStore,
    messenger: InMemoryMessenger,
    authority: InMemoryTenantAuthority,
    tenants: InMemoryTenantStore,
    wishes: InMemoryWishStore,
    number_hash: KeyedNumberHash,
    chert_conversations: InMemoryChertConversations,
    steps: InMemoryStepStore,
    faults: Faults,
    metrics: Metrics,
    announced: list[str],
) -> Callable[[], SendOnce]:
    """Starts a process: it remembers nothing but what lies in the stores."""
    randomness = SeededRandomness()

    def start() -> SendOnce:
        claims, deaths = Claims(sends, aliases, clock), Deaths(faults)
        return SendOnce(
            tenants=tenants,
            authority=authority,
            sends=sends,
            claims=claims,
            wishes=wishes,
            number_hash=number_hash,
            messenger=messenger,
            reconciling=Reconciling(conversations=chert_conversations, sends=sends, aliases=aliases, clock=clock),
            parking=Parking(steps=steps, sends=sends, claims=claims, faults=deaths, clock=clock),
            faults=deaths,
            announce=lambda: announced.append("woken"),
            teller=Teller(metrics),
            clock=clock,
            randomness=randomness,
        )

    return start


@pytest.fixture
def send_once(new_process: Callable[[], SendOnce]) -> SendOnce:
    """A process."""
    return new_process()


@pytest.fixture
def asked() -> SendRequest:
    """What a workflow asks for."""
    return SendRequest(
        key="wf:62515:ap-1",
        alias="wfx:62515:9:403081688006:0:904",
        portal_id=62515,
        contact=Contact(id="904", phone="+14155551234", firstname="Ada", lastname="Lovelace", company="Engines"),
        source="workflow",
        template="Hi {{ contact.firstname }}",
        workflow_id=9,
    )


@pytest.fixture
def card(
    tenants: InMemoryTenantStore,
    authority: InMemoryTenantAuthority,
    contacts: InMemoryContacts,
    conversations: InMemoryConversationStore,
    authors: InMemoryAuthorStore,
    wishes: InMemoryWishStore,
    number_hash: KeyedNumberHash,
    facts: InMemoryFacts,
    sends: InMemorySendStore,
    send_once: SendOnce,
    openings: InMemoryCardOpenings,
    clock: ManualClock,
) -> CardUseCases:
    """What the card can ask for."""
    return CardUseCases(
        show=ShowCard(
            tenants=tenants,
            authority=authority,
            contacts=contacts,
            schema=contacts,
            conversations=conversations,
            authors=authors,
            wishes=wishes,
            number_hash=number_hash,
            facts=facts,
            openings=openings,
            public_base_url="https://app.example.test",
        ),
        send=SendFromCard(tenants=tenants, authority=authority, contacts=contacts, sends=sends, send=send_once),
        campaign=ShowCampaign(tenants=tenants, authority=authority, campaigns=facts, sends=sends, clock=clock),
    )
