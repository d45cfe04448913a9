"""`chertctl keys`: a rotation from the file to the proof."""

import json
from pathlib import Path

import pytest
from ops.tests.unit._played import PlayedDesk, played_desk
from tests.e2e._golden import same_as_golden

from chertctl import key_rings
from chertctl.keys import Rotation, show_status
from chertctl.outcomes import OperatorError, WrongCallError
from contracts.internal import KeyReport, ReplicaKeys

KEYS = "/ops/keys"


def report(sealing: str, wanted: str, sealed: dict[str, int], free: tuple[str, ...] = ()) -> KeyReport:
    """Where a rotation stands, with one process."""
    keys = tuple(sorted({"k1", wanted}))
    replica = ReplicaKeys(id="one", keys=keys, wanted_key=wanted, sealing_key=sealing)
    return KeyReport(sealing_key=sealing, replicas=(replica,), sealed=sealed, free=free)


BEFORE = report("k1", "k1", {"k1": 8})
ADDED = report("k1", "k20261122", {"k1": 8})
MOVING = report("k20261122", "k20261122", {"k1": 3, "k20261122": 5})
MOVED = report("k20261122", "k20261122", {"k20261122": 8}, free=("k1",))


@pytest.fixture
def desk() -> PlayedDesk:
    """A desk."""
    return played_desk()


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    """A ring with one key."""
    file = tmp_path / "ring.json"
    file.write_text(json.dumps({"current": "k1", "keys": {"k1": "c2VjcmV0"}}))
    file.chmod(0o640)
    return file


def content_of(ring: Path) -> dict[str, object]:
    """What a ring's file holds."""
    content: dict[str, object] = json.loads(ring.read_text())
    return content


def mode_of(ring: Path) -> int:
    """Who may read it."""
    return ring.stat().st_mode & 0o777


def rotation(ring: Path, *, remove: bool = True, dry_run: bool = False, wait: float = 60.0) -> Rotation:
    """A rotation of a script's."""
    return Rotation(ring, None, remove, wait, dry_run, True, "yearly")


async def test_a_status_names_keys_and_processes(desk: PlayedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """Ids and counts, never a key."""
    desk.services.will("oauth", KEYS, MOVING)

    await show_status(desk)

    same_as_golden("keys-status", json.loads(capsys.readouterr().out))


async def test_a_rotation_ends_with_a_proof(desk: PlayedDesk, ring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The ring gets a new key, and loses the old one only when two reports, seconds apart, say that it is free."""
    desk.services.will("oauth", KEYS, BEFORE, ADDED, MOVING, MOVED, MOVED)

    await rotation(ring)(desk)

    printed = capsys.readouterr().out
    same_as_golden("keys-rotate", json.loads(printed))
    after = key_rings.read(ring)
    assert ("k20261122", {"k20261122"}) == (after.current, set(after.keys))
    assert 0o640 == mode_of(ring)
    assert after.keys["k20261122"].get_secret_value() not in printed
    assert 7.0 == desk.clock.monotonic()
    assert [("keys rotate", "began"), ("keys rotate", "done")] == desk.told()


async def test_a_key_that_is_used_again_is_no_proof(desk: PlayedDesk, ring: Path) -> None:
    """One report is not believed: what was sealed right before it may still have been on its way."""
    desk.services.will("oauth", KEYS, BEFORE, MOVED, MOVING, MOVED, MOVED)

    await rotation(ring)(desk)

    assert 11.0 == desk.clock.monotonic()


async def test_a_rotation_that_was_cut_off_goes_on(desk: PlayedDesk, ring: Path) -> None:
    """A ring whose current key does not seal yet gets no further key."""
    key_rings.write(ring, key_rings.read(ring).grown("k20261122", bytes))
    content = content_of(ring)
    desk.services.will("oauth", KEYS, ADDED, MOVED, MOVED)

    await rotation(ring, remove=False)(desk)

    assert content == content_of(ring)


async def test_a_rotation_that_does_not_end_says_why(desk: PlayedDesk, ring: Path) -> None:
    """A file that `oauth` does not read is the usual cause; nothing is taken out of it."""
    desk.services.will("oauth", KEYS, BEFORE)

    with pytest.raises(OperatorError, match="is the file where oauth reads it"):
        await rotation(ring, wait=5)(desk)
    assert "k1" in key_rings.read(ring).keys
    assert ("keys rotate", "failed") == desk.told()[-1]


async def test_a_dry_run_writes_nothing(desk: PlayedDesk, ring: Path) -> None:
    """The file stays as it was, and nothing is told."""
    before = content_of(ring)
    desk.services.will("oauth", KEYS, BEFORE)

    await rotation(ring, dry_run=True)(desk)

    assert before == content_of(ring)
    assert [] == desk.told()


@pytest.mark.parametrize("content", ["", "{}", '{"current": "k2", "keys": {"k1": "x"}}', "[]"])
async def test_a_broken_ring_is_left_alone(desk: PlayedDesk, tmp_path: Path, content: str) -> None:
    """A file that is no key ring, or not there, is a wrong call."""
    file = tmp_path / "broken.json"
    if content:
        file.write_text(content)

    with pytest.raises(WrongCallError):
        await rotation(file)(desk)
    assert [] == desk.services.asked
