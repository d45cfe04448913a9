"""Reading ahead in a queue: conversations take turns, and each keeps its order."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.messages import MessagePart, MessageReceived
from timeline.handlers.ahead import Ahead
from timeline.models import Received

PORTIONS = st.lists(st.lists(st.integers(0, 4), max_size=12), min_size=1, max_size=6)


def said(number: int, conversation: int, moment: Any) -> Received:
    """A message of a conversation."""
    data = MessageReceived(
        chert_tenant="acme",
        chat_id=f"chat-{conversation}",
        message_id=f"m{number}",
        event_id=f"e{number}",
        sender="+14155551234",
        parts=(MessagePart(type="text", value="Yes"),),
        received_at=moment,
    )
    return Received(data)


def test_conversations_take_turns(clock: Any) -> None:
    """One message of each comes before the second of any, however long the runs are in which they were set aside."""
    ahead = Ahead(7)
    ahead.add([said(number, number // 3, clock.now()) for number in range(9)])

    taken = ahead.next(5)
    assert ["m0", "m3", "m6", "m1", "m4"] == [row.message.message_id for _, row in taken]
    assert taken == ahead.next(5)
    ahead.done(taken)

    assert ["m7", "m2", "m5", "m8"] == [row.message.message_id for _, row in ahead.next(9)]


@given(portions=PORTIONS, bite=st.integers(1, 9))
def test_every_message_leaves_once_and_no_portion_is_over_before_its_last(portions: Any, bite: int) -> None:
    """Whatever lies in portions, conversations keep their order, and portions end in theirs, when they are empty."""
    moment = "2026-11-22T12:00:00Z"
    rows = [
        [said(100 * place + number, one, moment) for number, one in enumerate(portion)]
        for place, portion in enumerate(portions)
    ]
    ahead, left, over = Ahead(3), [row for portion in rows for row in portion], []
    for portion in rows:
        ahead.add(portion)
    while True:
        taken = ahead.next(bite)
        for number, row in taken:
            assert row in rows[number - 3]
            own = [one for one in left if one.message.chat_id == row.message.chat_id]
            assert own[0] == row
            left.remove(row)
        ahead.done(taken)
        while (number := ahead.over()) is not None:
            over.append(number)
            assert not [row for row in left if row in rows[number - 3]]
        if not taken:
            break

    assert [] == left
    assert list(range(3, 3 + len(rows))) == over
    assert ahead.first == ahead.end
