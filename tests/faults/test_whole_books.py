"""The audit of the run over the whole system: whatever is planted in the books is found, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest
from _whole_audit import audit
from _whole_books import Arrived, Asked, Books, Install, Recorded, Said, Sent, ToldSent, Written
from hypothesis import given
from hypothesis import strategies as st

SENDS, REPLIES, ACCOUNTS = 20, 30, 5


def _asked(number: int) -> Asked:
    portal_id = 1 + number % ACCOUNTS
    return Asked(number, "card", portal_id, f"t{portal_id}", f"c{number}", f"+1{number}", f"text {number}", "accepted")


def _said(number: int) -> Said:
    portal_id = 1 + number % ACCOUNTS
    return Said(number, portal_id, f"t{portal_id}", "c", f"chat {portal_id}", f"m{number}", f"reply {number}")


def balanced() -> Books:
    """Books of a run in which everything went well."""
    asked, said = [_asked(number) for number in range(SENDS)], [_said(number) for number in range(REPLIES)]
    sent = [Sent(f"out{one.at}", one.tenant, one.phone, one.text) for one in asked]
    told = [ToldSent(f"e{one.at}", one.portal_id, one.tenant, f"out{one.at}") for one in asked]
    recorded = [Recorded(f"r{one.message_id}", one.key) for one in said]
    installs = [Install(number, True, True, "active", "active", "label", "label") for number in range(1, ACCOUNTS + 1)]
    written = [Written(one.portal_id, (one.contact_id,), one.key, one.text) for one in said]
    received = [Arrived(one.message_id, float(number)) for number, one in enumerate(said)]
    return Books(asked, sent, told, told, said, written, recorded, recorded, received, installs)


def test_balanced_books_have_no_findings() -> None:
    """Where everything went well nothing is found, and everything is counted."""
    found = audit(balanced())

    assert [] == found.all
    assert (SENDS, REPLIES, ACCOUNTS) == (found.accepted, found.replies, found.installs)


def test_empty_books_prove_nothing() -> None:
    """A run that did nothing has no findings, and no effects either, which no run may have."""
    found = audit(Books([], [], [], [], [], [], [], [], [], []))

    assert ([], 0) == (found.all, found.effects)


@pytest.mark.parametrize("book", ["sent", "told_sent", "kept_sends", "written", "recorded", "kept_entries"])
@given(data=st.data())
def test_every_loss_and_every_double_is_found(book: str, data: st.DataObject) -> None:
    """Whichever record is taken out of whichever book is missed, and one that is there once more is noticed."""
    books = balanced()
    records = list(getattr(books, book))
    place = data.draw(st.integers(min_value=0, max_value=len(records) - 1))
    without = replace(books, **{book: records[:place] + records[place + 1 :]})
    twin = records[place] if book in {"sent", "written"} else replace(records[place], id="another")
    doubled = replace(books, **{book: [*records, twin]})

    assert audit(without).lost
    assert audit(doubled).doubled


@given(number=st.integers(min_value=0, max_value=SENDS - 1), other=st.integers(min_value=1, max_value=ACCOUNTS))
def test_a_send_of_another_account_is_found(number: int, other: int) -> None:
    """A message that goes out from another project, to somebody else, or is told by another account has crossed."""
    books = balanced()
    sent, told = list(books.sent), list(books.told_sent)
    stranger = 1 + (books.asked[number].portal_id + other - 1) % (ACCOUNTS + 1)
    if stranger == books.asked[number].portal_id:
        stranger = ACCOUNTS + 1
    for changed in (replace(sent[number], tenant=f"t{stranger}"), replace(sent[number], phone="+199")):
        assert audit(replace(books, sent=[*sent[:number], changed, *sent[number + 1 :]])).crossed
    foreign = replace(told[number], portal_id=stranger)
    assert audit(replace(books, told_sent=[*told[:number], foreign, *told[number + 1 :]])).crossed


@given(number=st.integers(min_value=0, max_value=REPLIES - 1))
def test_a_reply_on_another_timeline_is_found(number: int) -> None:
    """A reply in another account, on another contact, or under another's id has crossed."""
    books = balanced()
    written = list(books.written)
    one, other = written[number], written[(number + 1) % REPLIES]
    for changed in (
        replace(one, portal_id=99),
        replace(one, contact_ids=("other",)),
        replace(one, contact_ids=()),
        replace(one, key=other.key),
        replace(one, text=other.text),
    ):
        assert audit(replace(books, written=[*written[:number], changed, *written[number + 1 :]])).crossed


@given(first=st.integers(min_value=0, max_value=REPLIES - 1 - ACCOUNTS))
def test_an_exchange_within_a_conversation_is_found(first: int) -> None:
    """Two replies of one conversation, written the other way round, are out of order."""
    books = balanced()
    written = list(books.written)
    second = first + ACCOUNTS  # the same conversation's next
    written[first], written[second] = written[second], written[first]

    assert audit(replace(books, written=written)).disordered


@given(first=st.integers(min_value=0, max_value=REPLIES - 1 - ACCOUNTS))
def test_a_reply_that_came_late_may_stand_where_it_was_said(first: int) -> None:
    """Chert delivered it again after a later one: it is in order by when it was said, and by when it came."""
    books = balanced()
    received, second = list(books.received), first + ACCOUNTS
    received[first], received[second] = received[second], received[first]  # the same conversation's next came before
    came_late = replace(books, received=received)
    written = list(books.written)
    written[first], written[second] = written[second], written[first]

    assert [] == audit(came_late).disordered
    assert [] == audit(replace(came_late, written=written)).disordered


def test_a_message_that_nobody_asked_for_is_found() -> None:
    """What Chert sent or HubSpot logged without anybody's wish is a crossing."""
    books = balanced()

    assert audit(replace(books, sent=[*books.sent, Sent("x", "t1", "+1", "planted")])).crossed
    assert audit(replace(books, written=[*books.written, Written(1, ("c",), "1:t1:planted", "planted")])).crossed


def test_a_refused_message_that_went_out_is_found() -> None:
    """What somebody was told is not sent must not be sent, and an open end is a loss."""
    books = balanced()
    refused = replace(books.asked[0], verdict="refused", reason="contact opted out", refusable=True)
    unfinished = replace(books.asked[0], verdict="open")

    assert audit(replace(books, asked=[refused, *books.asked[1:]])).doubled
    assert audit(replace(books, asked=[unfinished, *books.asked[1:]])).lost


def test_a_send_in_doubt_when_its_account_left_is_counted_apart() -> None:
    """Chert never said, and may not be asked for an account that left: refused and gone out once is told, not hidden.

    Twice is a double as ever, and without a doubt of our own it is one too.
    """
    books = balanced()
    refused = replace(books.asked[0], verdict="refused", refusable=True, doubtful=True)
    doubted = replace(
        books, asked=[refused, *books.asked[1:]], told_sent=books.told_sent[1:], kept_sends=books.kept_sends[1:]
    )

    assert ([], 1) == (audit(doubted).all, len(audit(doubted).doubted))
    assert audit(replace(doubted, sent=[*books.sent, books.sent[0]])).doubled
    certain = replace(refused, doubtful=False)
    assert audit(replace(doubted, asked=[certain, *books.asked[1:]])).doubled


def test_a_refusal_without_a_cause_is_found() -> None:
    """What had to be sent and was refused is lost, whatever the reason given; what had to be refused must be."""
    books = balanced()
    refused = replace(books.asked[0], verdict="refused", reason="unknown or inactive tenant")
    without = replace(books, asked=[refused, *books.asked[1:]], sent=books.sent[1:])

    assert audit(without).lost
    assert [] == audit(replace(without, asked=[replace(refused, refusable=True), *books.asked[1:]])).all
    assert audit(replace(books, asked=[replace(books.asked[0], forbidden=True), *books.asked[1:]])).crossed


@pytest.mark.parametrize(
    "changed",
    [{"hubspot": False}, {"oauth": "inactive"}, {"told": "inactive"}, {"wanted": False}, {"label_told": "older"}],
)
def test_an_account_in_the_wrong_state_is_found(changed: dict[str, Any]) -> None:
    """HubSpot, oauth and the topics agree with what the admin did last, and with what was saved last."""
    books = balanced()

    assert audit(replace(books, installs=[replace(books.installs[0], **changed), *books.installs[1:]])).lost
