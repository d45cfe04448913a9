"""When dead letters are too many."""

from chassis.brake import Brake
from chassis.clock import ManualClock


def counted(brake: Brake, owner: str, times: int, partition: int = 0) -> list[bool]:
    """Count dead letters of one owner."""
    return [brake.count("notes.told", (partition, owner)) for _ in range(times)]


def test_the_tenth_dead_letter_of_an_owner_is_one_too_many() -> None:
    """Nine are bad luck; from the tenth within a minute on, the owner is held."""
    brake = Brake(ManualClock(), lambda _: None)
    assert [False] * 9 + [True, True] == counted(brake, "acme", 11)


def test_partitions_and_owners_count_apart() -> None:
    """One owner's dead letters say nothing of another's, nor of another partition's."""
    brake = Brake(ManualClock(), lambda _: None)
    assert not any(counted(brake, "acme", 9) + counted(brake, "acme", 9, partition=1) + counted(brake, "other", 9))


def test_old_dead_letters_are_forgotten() -> None:
    """What is older than the window no longer counts."""
    clock = ManualClock()
    brake = Brake(clock, lambda _: None)
    counted(brake, "acme", 9)
    clock.advance(61)
    assert [False] == counted(brake, "acme", 1)


def test_the_third_owner_trips_once() -> None:
    """Three owners over the limit within a minute stop the process, said once with their names."""
    reasons: list[str] = []
    brake = Brake(ManualClock(), reasons.append)
    for owner in ("one", "two", "three", "four"):
        counted(brake, owner, 10)
    assert ["too many dead letters of 3 owners: one, three, two"] == reasons
    assert brake.tripped


def test_three_owners_over_an_hour_do_not_trip() -> None:
    """Owners that go wrong one after another are held each, and the process goes on."""
    clock, reasons = ManualClock(), []
    brake = Brake(clock, reasons.append)
    for owner in ("one", "two", "three"):
        counted(brake, owner, 10)
        clock.advance(61)
    assert [] == reasons
