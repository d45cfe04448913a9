"""Links and what waits for them, in both implementations."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.envelope import Event
from contracts.messages import ContactLinked, MessageSent
from contracts.topics import CONTACT_LINKED
from timeline.models import Conversation, Retry, SentTrace, Standing
from timeline.ports import LinkStore, Unmatched

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def links(memory: Any) -> LinkStore:
    """The store."""
    store: LinkStore = memory.stores.links
    return store


@pytest.fixture
def unmatched(memory: Any) -> Unmatched:
    """What waits."""
    store: Unmatched = memory.stores.unmatched
    return store


def sent(contact_id: str, seconds: int = 0, chat_id: str = "chat.$1") -> MessageSent:
    """A send to a contact."""
    return MessageSent(
        portal_id=62515,
        chert_tenant="acme",
        generation=1,
        contact_id=contact_id,
        source="card",
        claim="c",
        at=NOW + timedelta(seconds=seconds),
        phone="+14155551234",
        body="Hi",
        message_id="out",
        chat_id=chat_id,
        lead_created=False,
    )


def told(contact_id: str) -> Event[ContactLinked]:
    """The event of a new link."""
    data = ContactLinked(portal_id=62515, chert_tenant="acme", chat_id="chat.$1", contact_id=contact_id, linked_at=NOW)
    return Event(CONTACT_LINKED, f"contact.linked:{contact_id}", "/timeline", NOW, data)


async def test_the_newest_traced_send_is_what_is_known(links: LinkStore, conversation: Conversation) -> None:
    """Whatever order traces are told in, the newest stays; one of a conversation that is not linked is forgotten."""
    old, new = (
        SentTrace(NOW, f"00-{'1' * 32}-{'2' * 16}-01"),
        SentTrace(NOW + timedelta(1), f"00-{'0' * 31}1-{'2' * 16}-01"),
    )
    other = replace(conversation, chat_id="chat.2")
    await links.learn([sent("2")])

    await links.trace({conversation: new, other: new})
    await links.trace({conversation: old})
    await links.trace({})

    assert {conversation: Standing(begun=True, traced=new, contact_id="2")} == await links.standing(
        [conversation, other]
    )


async def test_the_newest_send_is_what_is_known(links: LinkStore, conversation: Conversation) -> None:
    """Whatever order sends are learned in, within a batch or across batches, the newest decides."""
    other = replace(conversation, chat_id="chat.2")
    await links.learn([sent("2", 5), sent("10", 9), sent("3", 1), sent("7", 0, "chat.2")])
    await links.learn([sent("4", 8)])
    await links.learn([])

    assert {conversation: "10", other: "7"} == await links.find([conversation, other])


async def test_only_sends_begin_a_conversation(links: LinkStore, conversation: Conversation) -> None:
    """A link that a search made is none that was sent in; one that replaces a sent one still is."""
    searched = replace(conversation, chat_id="chat.2")
    await links.claim(searched, "9", gone=(), event=told("9"))
    await links.claim(searched, "10", gone=("9",), event=told("10"))
    await links.learn([sent("2")])
    await links.claim(conversation, "9", gone=("2",), event=told("9"))

    assert {
        conversation: Standing(begun=True, contact_id="9"),
        searched: Standing(contact_id="10"),
    } == await links.standing([conversation, searched])
    await links.learn([sent("2", chat_id="chat.2")])
    assert Standing(begun=True, contact_id="2") == (await links.standing([conversation, searched]))[searched]


async def test_an_unknown_conversation_has_no_link(links: LinkStore, conversation: Conversation) -> None:
    """What is not known is absent, and nothing asked is nothing found."""
    assert {} == await links.find([conversation])
    assert {} == await links.find([])


async def test_the_first_claim_is_kept_and_told(links: LinkStore, memory: Any, conversation: Conversation) -> None:
    """Of many that claim a conversation at once one wins, everyone learns which, and it alone is told."""
    found = await asyncio.gather(*(links.claim(conversation, str(n), gone=(), event=told(str(n))) for n in range(1, 9)))

    assert 1 == len(set(found))
    [pending] = await memory.link_outbox.pending(10)
    assert (told(found[0]),) == pending.events
    assert conversation.id == pending.document_id


async def test_a_send_outranks_a_claim(links: LinkStore, conversation: Conversation) -> None:
    """What a search found gives way to any send, and never replaces what a send said."""
    await links.claim(conversation, "9", gone=(), event=told("9"))
    await links.learn([sent("2", -9_999)])

    assert "2" == await links.claim(conversation, "9", gone=(), event=told("9"))
    assert {conversation: "2"} == await links.find([conversation])


async def test_a_contact_that_is_gone_is_replaced(links: LinkStore, memory: Any, conversation: Conversation) -> None:
    """A claim replaces a contact that does not exist any more, and a newer send still outranks it."""
    await links.learn([sent("2", 5)])

    assert "9" == await links.claim(conversation, "9", gone=("2",), event=told("9"))
    assert {conversation: "9"} == await links.find([conversation])
    assert [(told("9"),)] == [pending.events for pending in await memory.link_outbox.pending(10)]
    await links.learn([sent("3", 6)])
    assert {conversation: "3"} == await links.find([conversation])


async def test_concurrent_learners_agree(links: LinkStore, conversation: Conversation) -> None:
    """Many batches at once, also the first of a conversation, leave the newest send."""
    await asyncio.gather(*(links.learn([sent(str(n), n)]) for n in range(16)))

    assert {conversation: "15"} == await links.find([conversation])


async def test_replies_wait_by_conversation(unmatched: Unmatched, conversation: Conversation, work: Any) -> None:
    """What waits is found by conversation and by account, as it was put there."""
    other = replace(conversation, portal_id=7)
    await asyncio.gather(*(unmatched.add(conversation, work(f"t{n}", entry_id=f"e{n}")) for n in range(4)))
    await unmatched.add(other, work("t9"))

    waiting = await unmatched.of([conversation, replace(conversation, chat_id="none")])
    assert [conversation] == list(waiting)
    assert {f"e{n}" for n in range(4)} == {line.entry_id for line in waiting[conversation]}
    assert {other: [work("t9")]} == {key: list(lines) for key, lines in (await unmatched.of_portal(7)).items()}
    assert {} == await unmatched.of([])


async def test_what_left_no_longer_waits(unmatched: Unmatched, conversation: Conversation, work: Any) -> None:
    """Removing takes the named replies alone; the last one takes the conversation with it; again changes nothing."""
    for number in range(3):
        await unmatched.add(conversation, work(f"t{number}", entry_id=f"e{number}"))

    await unmatched.remove(conversation, ["e0", "e2"])
    assert ["e1"] == [line.entry_id for line in (await unmatched.of([conversation]))[conversation]]
    for _ in range(2):
        await unmatched.remove(conversation, ["e1"])
    assert {} == await unmatched.of_portal(62515)
    await unmatched.add(conversation, work("t4"))
    assert [conversation] == list(await unmatched.of([conversation]))


async def test_the_conversations_of_a_contact_move(links: LinkStore, memory: Any, conversation: Conversation) -> None:
    """All conversations of contacts that are gone are found in their account alone, and moved with a word about it."""
    other = replace(conversation, portal_id=625)
    await links.learn([sent("2", 5), sent("3", chat_id="chat.2")])
    await links.claim(other, "2", gone=(), event=told("2"))
    assert [conversation] == list(await links.of_contacts(62515, ["2", "4"]))
    assert [other] == list(await links.of_contacts(625, ["2"]))

    await links.move(conversation, "9", told("9"))

    assert {conversation: "9", other: "2"} == await links.find([conversation, other])
    assert [] == list(await links.of_contacts(62515, ["2"]))
    pending = {one.document_id: [event.id for event in one.events] for one in await memory.link_outbox.pending(10)}
    assert ["contact.linked:9"] == pending[conversation.id]


async def test_an_erased_contact_leaves_a_mark(links: LinkStore, conversation: Conversation) -> None:
    """An erased contact is linked no more, until a send or a search says anew; since when it is erased stays known."""
    await links.learn([sent("2")])

    await links.erase(conversation, NOW)

    assert {} == await links.find([conversation])
    assert NOW == (await links.standing([conversation]))[conversation].erased_at
    assert "9" == await links.claim(conversation, "9", gone=(), event=told("9"))
    assert {conversation: "9"} == await links.find([conversation])
    assert NOW == (await links.standing([conversation]))[conversation].erased_at


async def test_a_retry_comes_twice(memory: Any) -> None:
    """Accounts are tried soon and once more later; what is scheduled anew meanwhile is not forgotten."""
    retries = memory.stores.retries
    soon, late, later = (NOW + timedelta(seconds=seconds) for seconds in (15, 180, 200))
    await retries.schedule([1, 2], soon, late)
    await retries.schedule([1], soon + timedelta(seconds=5), later)
    await retries.schedule([], soon, late)
    assert [] == list(await retries.due(NOW, 10))

    due = await retries.due(soon, 10)
    assert {Retry(1, soon, later), Retry(2, soon, late)} == set(due)
    await retries.schedule([2], soon, later)
    for retry in due:
        await retries.done(retry)

    assert [Retry(2, soon, later)] == list(await retries.due(late, 10))
    await retries.done(Retry(2, soon, later))
    for retry in await retries.due(later, 10):
        await retries.done(retry)
    assert [] == list(await retries.due(later + timedelta(days=1), 10))
