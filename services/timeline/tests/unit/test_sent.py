"""Messages that were sent, on the timeline too where an account wants them."""

from datetime import timedelta
from typing import Any

from chassis.clock import ManualClock
from chassis.metrics import Metrics
from contracts.tenants import TenantSettings, TenantSnapshot
from timeline.adapters.in_memory import Answer, InMemoryHubSpot, InMemoryStores
from timeline.errors import WriteUnknownError

PORTAL = 62515
SENT = "62515:acme:out-904"


def wanted(memory: InMemoryStores, tenant: TenantSnapshot) -> None:
    """The account's admin turned it on."""
    settings = TenantSettings(log_sent_messages=True)
    memory.tenants.snapshots[PORTAL] = tenant.model_copy(update={"settings": settings})


async def test_a_sent_message_is_not_written_unless_asked_for(
    start: Any, work_off: Any, sent: Any, hubspot: InMemoryHubSpot
) -> None:
    """By default the timeline has replies alone."""
    process = start()

    assert set() == set(await process.learn_links([sent("904")]))
    await work_off(process)

    assert [] == hubspot.records


async def test_a_sent_message_is_written_once_and_marked(
    start: Any, work_off: Any, sent: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores, tenant: TenantSnapshot
) -> None:
    """With the setting on a sent message is on the contact's timeline, once, and says that it was sent."""
    wanted(memory, tenant)
    process = start()

    for _ in range(2):
        assert {PORTAL} == set(await process.learn_links([sent("904")]))
        await work_off(process)

    [record] = hubspot.records
    assert ("904", SENT) == (record.note.contact_id, record.trace_id)
    assert "<strong>iMessage sent</strong></p><p>Hello</p>" in record.note.body
    assert [] == list(await memory.entry_outbox.pending(9))


async def test_sent_messages_are_counted_apart(
    start: Any, work_off: Any, reply: Any, sent: Any, memory: InMemoryStores, tenant: TenantSnapshot, metrics: Metrics
) -> None:
    """What is written together is counted by what it is, and only replies have a time that they took."""
    wanted(memory, tenant)
    process = start()
    await process.learn_links([sent("904", chat_id="chat-0")])
    await process.store_received([reply(f"m{number}", chat_id=f"chat-{number}") for number in range(3)])

    await work_off(process)

    text = metrics.render().decode()
    assert 'replies_total{outcome="recorded"} 3.0' in text
    assert 'replies_total{outcome="sent_recorded"} 1.0' in text
    assert "reply_seconds_count 3.0" in text


async def test_replies_go_first(
    start: Any, work_off: Any, reply: Any, sent: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores,
    tenant: TenantSnapshot, clock: ManualClock,
) -> None:  # fmt: skip
    """Under a backlog every reply is written before any sent message, and none waits for one."""
    wanted(memory, tenant)
    process = start()
    await process.learn_links([sent("904", at=clock.now() - timedelta(minutes=5))])
    await process.store_received([reply(f"m{number:03}", chat_id=f"chat-{number}") for number in range(120)])

    await work_off(process)

    assert 121 == sum(hubspot.creates)
    assert 120 == [record.trace_id for record in hubspot.records].index(SENT)


async def test_a_lost_answer_to_a_sent_message_is_reconciled(
    start: Any, work_off: Any, wait: Any, sent: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores,
    tenant: TenantSnapshot,
) -> None:  # fmt: skip
    """What holds for replies holds for sent messages: looked for before anything is written again."""
    wanted(memory, tenant)
    hubspot.answers.append(Answer(WriteUnknownError("lost"), timedelta(seconds=30)))
    process = start()
    await process.learn_links([sent("904")])
    await work_off(process)

    await wait(process, 100)

    assert [SENT] == [record.trace_id for record in hubspot.records]
    assert memory.entries.settlements[SENT].adopted
