"""What stood still: planted stalls are found, and each is explained by trouble of those who work on it alone."""

import json
from pathlib import Path

import pytest
from _whole_stalls import (
    DOUBT_SECONDS,
    RECOVERY_SECONDS,
    STALL_SECONDS,
    Stall,
    Stillness,
    Window,
    keep_stalls,
    late,
    unexplained,
    without_excuse,
)

LONG = 4 * STALL_SECONDS


def stall(begin: float, seconds: float, *, asks: bool = False) -> Stall:
    """A partition of the timeline's, or a reply, that stood still."""
    return Stall("timeline", "message.received/0", begin, begin + seconds, asks=asks)


def test_a_partition_that_stands_still_is_found() -> None:
    """Records that nobody commits for longer than the limit are a stall, from the first look to the one that moved."""
    seen = Stillness()
    for now, committed, end in ((0.0, 5, 5), (1.0, 5, 7), (1.0 + LONG, 5, 9), (2.0 + LONG, 9, 9)):
        seen.see("timeline", {"t/0": (committed, end)}, now)

    assert [Stall("timeline", "t/0", 1.0, 2.0 + LONG, at=5)] == seen.stalls
    assert [0, 2, 4, 0] == [count for _, count in seen.lags["timeline"]]


def test_progress_and_an_empty_partition_are_no_stall() -> None:
    """However much is left, each step begins anew; where nothing lies nothing stands still; partitions are apart."""
    seen = Stillness()
    for now in range(60):
        seen.see("timeline", {"t/0": (now, 100), "t/1": (3, 3)}, float(now))
    seen.close(60.0)

    assert [] == seen.stalls


def test_what_never_moves_again_is_found_in_the_end() -> None:
    """A partition that still stands when the looking ends did so until then."""
    seen = Stillness()
    seen.see("timeline", {"t/0": (3, 4)}, 1.0)
    seen.close(1.0 + LONG)

    assert [LONG] == [one.seconds for one in seen.stalls]


def test_a_time_without_a_look_is_told() -> None:
    """Whoever does not look sees no stall: the longest time between two looks, and after the last, is known."""
    seen = Stillness()
    for now in (1.0, 2.0, 9.0, 10.0):
        seen.see("timeline", {"t/0": (3, 3)}, now)
    assert 7.0 == seen.blind

    seen.close(30.0)
    assert 20.0 == seen.blind


def test_a_stall_without_trouble_has_no_excuse() -> None:
    """Nothing befell anybody, or only long before, or only after: all of it is unexplained."""
    planted = stall(100.0, LONG)
    before, after = Window("kill", "timeline/1", 10.0, 12.0), Window("kill", "timeline/1", 100.0 + LONG, 130.0)

    assert LONG == unexplained(planted, [])
    assert [planted] == without_excuse([planted], [before, after])


@pytest.mark.parametrize(
    ("target", "explained"), [("timeline/2", True), ("kafka", True), ("actions/1", False), ("hubspot", False)]
)
def test_only_trouble_of_those_concerned_explains(target: str, explained: bool) -> None:
    """A partition waits for its group's own processes and for the backends, and for nobody else."""
    planted = stall(100.0, LONG)

    assert explained is (not without_excuse([planted], [Window("kill", target, 99.0, 95.0 + LONG)]))


def test_a_reply_waits_for_hubspot_too() -> None:
    """Between the topic and the timeline others are asked: their trouble explains as well."""
    trouble = [Window("slow", "hubspot", 99.0, 110.0)]

    assert [] == without_excuse([stall(100.0, LONG, asks=True)], trouble)
    assert 1 == len(without_excuse([stall(100.0, LONG)], trouble))


def test_trouble_explains_no_longer_than_recovery_takes() -> None:
    """What stands still for longer than trouble and recovery last is without an excuse for the rest; so is a gap."""
    window = Window("restart", "timeline/1", 100.0, 102.0)
    reach = 2.0 + RECOVERY_SECONDS
    again = Window("restart", "timeline/2", 100.0 + reach + 30.0, 100.0 + reach + 31.0)

    assert pytest.approx(30.0) == unexplained(stall(100.0, reach + 30.0), [window])
    assert pytest.approx(30.0) == unexplained(stall(100.0, reach + 31.0), [again, window])


def test_late_replies_are_found() -> None:
    """A reply that was on its timeline soon is none; one that was not is; one that is lost the audit finds."""
    said = {"soon": 10.0, "late": 10.0, "lost": 10.0}

    assert [LONG] == [one.seconds for one in late(said, {"soon": 11.0, "late": 10.0 + LONG}, {})]


def test_a_write_without_an_answer_is_waited_for() -> None:
    """Until HubSpot cannot carry it out any more a reply rightly waits; what it waits before and after does not."""
    said, doubted = {"a": 10.0, "b": 10.0}, {"a": 11.0, "b": 10.0 + LONG}
    over = {key: at + DOUBT_SECONDS for key, at in doubted.items()}

    assert [] == late({"a": 10.0}, {"a": over["a"] + 1.0}, doubted)
    parts = late(said, {"a": over["a"] + LONG, "b": over["b"] + 1.0}, doubted)
    assert [(over["a"], over["a"] + LONG), (10.0, 10.0 + LONG)] == [(one.begin, one.end) for one in parts]


def test_the_file_lays_each_stall_beside_its_causes(tmp_path: Path) -> None:
    """Whoever looks finds when, for how long, and because of what."""
    keep_stalls(tmp_path / "s.json", [stall(100.0, LONG)], [Window("kill", "kafka", 99.0, 95.0 + LONG)], began=90.0)

    (kept,) = json.loads((tmp_path / "s.json").read_text())
    assert (10.0, 0.0, ["kill kafka 9.0 to 25.0"]) == (kept["begin"], kept["unexplained"], kept["because"])
