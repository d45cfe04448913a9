"""The watch over partitions that stand still."""

from _stalls import Stalls
from aiokafka import TopicPartition

ONE, OTHER = TopicPartition("t", 0), TopicPartition("t", 1)


def test_a_partition_that_does_not_move_stands_still() -> None:
    """From the first look that finds something to do to the look that finds it moved on is a stall."""
    stalls = Stalls()
    for now, committed, end in ((0.0, 5, 5), (1.0, 5, 7), (3.5, 5, 9), (4.0, 9, 9)):
        stalls.see(ONE, committed, end, now)

    assert 3.0 == stalls.longest


def test_a_partition_that_moves_is_not_standing_still() -> None:
    """Each step forward begins anew, however much is left; nothing to do is no stall, and partitions are apart."""
    stalls = Stalls()
    for now in range(10):
        stalls.see(ONE, now, 100, float(now))
        stalls.see(OTHER, 3, 3, float(now))

    assert 1.0 == stalls.longest


def test_the_look_knows_how_exact_it_is() -> None:
    """The longest between two looks bounds the error."""
    stalls = Stalls()
    for now in (0.0, 0.1, 0.5, 0.6):
        stalls.looked(now)

    assert (4, 0.4) == (stalls.looks, stalls.rarest)
