"""Erasing contacts and purging contents."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from actions.adapters.in_memory import (
    InMemoryContacts,
    InMemoryConversationStore,
    InMemoryMessenger,
    InMemorySendContents,
    InMemorySendStore,
    InMemoryStepStore,
    InMemoryTenantStore,
)
from actions.handlers.privacy import EraseContact, PurgeContents
from actions.handlers.sending import SendOnce
from actions.models import ERASED, Answer, ContactChat, Erased, Reply, SendRequest, Step, StepPlan
from chassis.clock import ManualClock
from contracts.contacts import ContactErased
from contracts.tenants import TenantSnapshot

ERASURE = ContactErased(portal_id=62515, contact_id="904", occurred_at=datetime(2026, 11, 22, 12, tzinfo=UTC))


@pytest.fixture
def erase(
    sends: InMemorySendStore,
    steps: InMemoryStepStore,
    conversations: InMemoryConversationStore,
    contacts: InMemoryContacts,
) -> EraseContact:
    """The use case."""
    return EraseContact(
        contents=InMemorySendContents(sends), steps=steps, conversations=conversations, contacts=contacts
    )


async def test_nothing_of_an_erased_contact_is_left(
    erase: EraseContact,
    send_once: SendOnce,
    asked: SendRequest,
    sends: InMemorySendStore,
    conversations: InMemoryConversationStore,
) -> None:
    """Number, text, name and answer are gone; what was tried, and that it was, stays."""
    await send_once(asked)
    await conversations.link(ContactChat(62515, "acme", "904", "lead-1"))

    await erase(ERASURE)

    send = sends.sends[asked.key]
    assert (Erased(), ERASED, "") == (send.plan, send.answer, send.fingerprint)
    assert ["begun", "sent"] == [attempt.status for attempt in send.attempts]
    assert [] == [secret for secret in ("4155551234", "Ada", "Lovelace") if secret in repr(send)]
    assert await conversations.of_contact(62515, "acme", "904") is None


async def test_what_an_erased_contact_answered_is_gone(erase: EraseContact, steps: InMemoryStepStore) -> None:
    """A workflow's step keeps that there was an answer, and no longer which."""
    at = ERASURE.occurred_at
    step = Step(
        key="wf:62515:ap-1",
        portal_id=62515,
        contact_id="904",
        plan=StepPlan(callback_id="ap-1", if_not_now="wait", wait_days=1, reply_days=1),
        state="completing",
        due_at=at,
        opened_at=at,
        chert_tenant="acme",
        phone_line_id=None,
        reply=Reply(replied=True, text="Yes, Ada here", at=at),
    )
    await steps.open(step)

    await erase(ERASURE)

    kept = await steps.find(step.key)
    assert kept is not None
    assert kept.reply == Reply(replied=True, text="", at=at)


async def test_a_late_repeat_still_does_nothing(
    erase: EraseContact, send_once: SendOnce, asked: SendRequest, messenger: InMemoryMessenger
) -> None:
    """The claim outlives the content: HubSpot's repeat sends nothing, whatever it says now."""
    await send_once(asked)
    await erase(ERASURE)

    assert Answer(ERASED, duplicate=True) == await send_once(asked)
    assert Answer(ERASED, duplicate=True) == await send_once(replace(asked, template="Something else"))
    assert 1 == len(messenger.ledger)


async def test_others_are_left_alone(
    erase: EraseContact, send_once: SendOnce, asked: SendRequest, sends: InMemorySendStore
) -> None:
    """Another contact, and the same id in another account, keep what is theirs."""
    other = replace(asked, key="wf:62515:ap-2", alias=None, contact=replace(asked.contact, id="905"))
    await send_once(other)
    elsewhere = replace(sends.sends[other.key], key="wf:1:ap-1", portal_id=1, contact_id="904")
    sends.sends[elsewhere.key] = elsewhere

    await erase(ERASURE)

    assert elsewhere == sends.sends[elsewhere.key]
    assert "accepted" == (await send_once(other)).outcome.kind


async def test_contents_go_after_the_time_that_the_account_chose(
    send_once: SendOnce,
    asked: SendRequest,
    sends: InMemorySendStore,
    steps: InMemoryStepStore,
    tenants: InMemoryTenantStore,
    tenant: TenantSnapshot,
    clock: ManualClock,
) -> None:
    """After `retention_days` text and number are gone, and a repeat still gets its answer."""
    purge = PurgeContents(tenants=tenants, contents=InMemorySendContents(sends), steps=steps, clock=clock)
    first = await send_once(asked)
    clock.advance(timedelta(days=tenant.settings.retention_days).total_seconds())
    await purge()
    assert Erased() != sends.sends[asked.key].plan

    clock.advance(1)
    await purge()

    assert (Erased(), first.outcome) == (sends.sends[asked.key].plan, sends.sends[asked.key].answer)
    assert Answer(first.outcome, duplicate=True) == await send_once(asked)
