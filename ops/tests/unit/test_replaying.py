"""Handing records over: whole, in order, in bites that a service takes, and a job that outlives its command."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.clock import ManualClock
from chertctl.outcomes import WrongCallError
from chertctl.reading import Lying, Place
from chertctl.replay_jobs import Job, JobFile, LogJob, Selection
from chertctl.replaying import Pace, as_replayed, batches, fits, records_at_once
from contracts.replays import MAX_BATCH_BYTES, ReplayBatch


def lying(value: bytes | None, offset: int = 0, key: bytes = b"acme:chat", event_id: str = "e") -> Lying:
    """A record."""
    return Lying(Place("t", 0, offset), 0.0, key, value, [("ce_id", event_id.encode())])


@given(st.lists(st.binary(max_size=2000), max_size=20), st.integers(1, 7))
def test_every_record_is_handed_over_once_and_in_order(values: list[bytes], at_once: int) -> None:
    """Whatever the values are, they travel byte for byte, in order, and never more at once than asked."""
    records = [lying(value, offset) for offset, value in enumerate(values)]

    found = [batch for batch in batches(records, at_once) if isinstance(batch, list)]

    assert values == [(record.value or "").encode("latin-1") for batch in found for record in batch]
    assert all(len(batch) <= at_once for batch in found)


@given(st.binary(max_size=3000))
def test_what_fits_is_no_larger_as_json(value: bytes) -> None:
    """The size of a record is never judged smaller than what goes over the wire."""
    record = lying(value * 300)

    size = len(ReplayBatch(topic="t", records=(as_replayed(record),)).model_dump_json().encode())

    assert not fits(record) or size <= MAX_BATCH_BYTES


def test_a_record_that_never_fits_is_named() -> None:
    """A record larger than any batch comes apart from the others, which go on."""
    huge = lying(b"x" * (MAX_BATCH_BYTES + 1), 1)

    found = list(batches([lying(b"a"), huge, lying(b"b", 2)], 10))

    assert huge in found
    assert [["a", "b"]] == [[record.value for record in batch] for batch in found if isinstance(batch, list)]


def test_bites_are_a_tenth_of_a_second() -> None:
    """The slower a replay is to be, the smaller its bites."""
    rates = (None, 500.0, 3.0, 100_000.0)
    assert [500, 50, 1, 500] == [records_at_once(rate, dry_run=True) for rate in rates]
    assert [50, 50, 1, 50] == [records_at_once(rate, dry_run=False) for rate in rates]


async def test_a_pace_is_kept() -> None:
    """The first bite goes out at once, and no capless replay ever waits."""
    clock = ManualClock()
    capped, free = Pace(10, clock), Pace(None, clock)

    await capped.take(5)
    await free.take(5)

    assert 0 == clock.sleeping


@pytest.mark.parametrize(
    ("selection", "meant"),
    [
        (Selection(), True),
        (Selection(tenant="acme"), True),
        (Selection(tenant="other"), False),
        (Selection(ids=frozenset({"message.received:acme:m1"})), True),
        (Selection(ids=frozenset({"m1"})), True),
        (Selection(ids=frozenset({"t:0:7"})), True),
        (Selection(ids=frozenset({"m2"})), False),
        (Selection(tenant="other", ids=frozenset({"m1"})), False),
    ],
)
def test_a_selection_means_what_it_says(selection: Selection, meant: bool) -> None:
    """Every filter that is set must hold: the owner in the key, an event or message id, or a place."""
    assert meant == selection(lying(b"{}", 7, event_id="message.received:acme:m1"))


def test_a_job_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Whoever goes on with a replay knows all that the one before knew."""
    file = JobFile(tmp_path / "deep" / "job.json")
    job = Job(id="1", group="timeline", topic="t", ranges={0: (5, 9)}, rate=500.0, result={"written": 3})
    log = LogJob.model_validate({"id": "2", "chert_tenant": "acme", "since": "2026-11-22T12:00:00Z", "cursor": "c"})

    file.write(job)
    first = file.read()
    file.write(log)

    assert job == first
    assert log == file.read()


@pytest.mark.parametrize("content", ["", "{", '{"ranges": 3}', '{"id": 1}'])
def test_a_file_that_is_no_job_is_refused(tmp_path: Path, content: str) -> None:
    """Nothing is done by a file that no replay wrote."""
    path = tmp_path / "job.json"
    path.write_text(content)

    with pytest.raises(WrongCallError, match="is not a replay job"):
        JobFile(path).read()
