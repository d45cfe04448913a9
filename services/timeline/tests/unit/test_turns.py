"""A turn: what is next, and what is left behind."""

from datetime import UTC, datetime, timedelta

from timeline.handlers.turns import Turn
from timeline.models import Lane, Spent, Work

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
UNUSED = Spent("a", 0, NOW)


def work(entry_id: str, conversation_id: str, age: int, ticket: str | None = None) -> Work:
    """A line, received that many seconds ago."""
    return Work(ticket or f"t-{entry_id}", entry_id, conversation_id, NOW - timedelta(seconds=age))


def lane(*works: Work, failures: int = 0) -> Lane:
    """A lane with this work."""
    return Lane(62515, fence=1, version=7, failures=failures, pending=works)


def test_the_oldest_of_each_conversation_are_next() -> None:
    """Replies go oldest first, and only the first of each conversation."""
    turn = Turn(lane(work("b2", "b", 5), work("a1", "a", 10), work("b1", "b", 20), work("a2", "a", 1)))

    assert ["b1", "a1"] == turn.due(NOW, 10)
    assert ["b1"] == turn.due(NOW, 1)
    turn.settle("b1")
    assert ["a1", "b2"] == turn.due(NOW, 10)


def test_a_postponed_reply_holds_up_its_conversation() -> None:
    """What waits is not overtaken by what came after it in its conversation."""
    turn = Turn(lane(work("a1", "a", 10), work("a2", "a", 5), work("b1", "b", 1)))
    turn.postpone("a1", NOW + timedelta(seconds=2))

    assert ["b1"] == turn.due(NOW, 10)
    assert ["a1", "b1"] == turn.due(NOW + timedelta(seconds=2), 10)


def test_nothing_left_means_nothing_due() -> None:
    """A lane whose work is done is idle: it costs nothing until something is added."""
    turn = Turn(lane(work("a1", "a", 10), work("a1", "a", 10, ticket="again")))
    turn.settle("a1")
    closing = turn.closing(NOW, UNUSED)

    assert (None, None, None, 7) == (closing.due_at, closing.oldest_at, closing.paused_until, closing.version)
    assert {"t-a1", "again"} == closing.settled


def test_a_lane_is_due_when_its_first_reply_is() -> None:
    """A lane is looked at again when the earliest of its waiting conversations may go on."""
    turn = Turn(lane(work("a1", "a", 10), work("b1", "b", 5), work("b2", "b", 4)))
    turn.postpone("a1", NOW + timedelta(seconds=75))
    turn.postpone("b1", NOW + timedelta(seconds=2))
    closing = turn.closing(NOW, UNUSED)

    assert NOW + timedelta(seconds=2) == closing.due_at
    assert NOW - timedelta(seconds=10) == closing.oldest_at


def test_a_line_added_meanwhile_is_not_crossed_out() -> None:
    """Settling crosses out the lines that were seen, not one that was added for the same reply later."""
    turn = Turn(lane(work("a1", "a", 10)))
    turn.settle("a1")
    turn.refresh(Lane(62515, 1, 8, 0, (work("a1", "a", 10), work("a1", "a", 10, ticket="again"))))

    assert ["a1"] == turn.due(NOW, 10)
    assert {"t-a1"} == turn.closing(NOW, UNUSED).settled


def test_rests_grow_to_five_minutes_and_success_ends_them() -> None:
    """An account that fails rests 0.5 s, then longer each time, at most five minutes and the jitter."""
    rests = []
    for failures in range(10):
        turn = Turn(lane(work("a1", "a", 1), failures=failures))
        turn.failed(NOW, "502", None, 0.0)
        closing = turn.closing(NOW, UNUSED)
        assert closing.paused_until is not None
        rests.append((closing.paused_until - NOW).total_seconds())
        assert failures + 1 == closing.failures
    turn.succeeded(NOW)

    assert [0.5, 1, 2, 4, 15, 30, 60, 120, 240, 300] == rests
    assert 0 == turn.closing(NOW, UNUSED).failures


def test_what_the_other_side_asks_for_is_obeyed() -> None:
    """A wait that HubSpot asks for is never cut short."""
    turn = Turn(lane(work("a1", "a", 1)))
    turn.failed(NOW, "477", 86_400.0, 0.9)

    assert NOW + timedelta(days=1) == turn.closing(NOW, UNUSED).due_at
    assert turn.is_over()
