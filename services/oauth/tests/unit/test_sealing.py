"""Tokens at rest."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from chassis.clock import ManualClock
from chassis.randomness import SystemRandomness
from chassis.settings import NotLoadedError, RereadFile
from oauth.adapters.sealing import AesGcmSealer, KeyRing
from oauth.errors import SealBrokenError, SealKeyMissingError
from oauth.models import Sealed, SealPlace

PORTALS = st.integers(min_value=1, max_value=2**53 - 1)
GENERATIONS = st.integers(min_value=1, max_value=10**9)
PLACES = st.builds(SealPlace, PORTALS, GENERATIONS, st.sampled_from(["access_token", "refresh_token"]))


def ring(current: str = "k1", *ids: str) -> KeyRing:
    """A key ring with these keys."""
    keys = {name: base64.b64encode(name.encode().ljust(32, b".")).decode() for name in (current, *ids)}
    return KeyRing.model_validate({"current": current, "keys": keys})


SEALER = AesGcmSealer(ring, SystemRandomness())


@given(st.text(max_size=600), PLACES)
def test_what_was_sealed_opens_in_its_place(token: str, place: SealPlace) -> None:
    """Any token opens again at the account, generation and field that it was sealed for."""
    assert token == SEALER.open(SEALER.seal(SecretStr(token), place), place).get_secret_value()


@given(PLACES, PLACES)
def test_what_was_moved_does_not_open(place: SealPlace, other: SealPlace) -> None:
    """A ciphertext copied to any other account, generation or field stays shut."""
    sealed = SEALER.seal(SecretStr("token"), place)
    if place == other:
        assert "token" == SEALER.open(sealed, other).get_secret_value()
        return

    with pytest.raises(SealBrokenError):
        SEALER.open(sealed, other)


CHANGES: list[Callable[[SealPlace], SealPlace]] = [
    lambda place: replace(place, portal_id=place.portal_id + 1),
    lambda place: replace(place, generation=place.generation + 1),
    lambda place: replace(place, field="access_token" if place.field == "refresh_token" else "refresh_token"),
    lambda place: replace(place, portal_id=place.portal_id * 10 + 1, generation=place.generation),
]


@pytest.mark.parametrize("change", CHANGES)
@given(place=PLACES)
def test_each_part_of_the_place_counts(change: Callable[[SealPlace], SealPlace], place: SealPlace) -> None:
    """One difference alone, in account, generation or field, keeps a ciphertext shut."""
    with pytest.raises(SealBrokenError):
        SEALER.open(SEALER.seal(SecretStr("token"), place), change(place))


@given(PLACES, st.data())
def test_what_was_changed_does_not_open(place: SealPlace, data: st.DataObject) -> None:
    """A flipped bit anywhere in nonce or ciphertext, or a cut, keeps it shut."""
    sealed = SEALER.seal(SecretStr("token"), place)
    field = data.draw(st.sampled_from(["nonce", "ciphertext"]))
    whole: bytes = getattr(sealed, field)
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    flipped = bytes(byte ^ (1 << bit % 8 if at == bit // 8 else 0) for at, byte in enumerate(whole))
    for spoiled in (flipped, whole[: bit // 8]):
        with pytest.raises(SealBrokenError):
            SEALER.open(replace(sealed, **{field: spoiled}), place)


def test_the_same_token_is_never_sealed_alike() -> None:
    """Each sealing draws a nonce of 96 bits, so that equal tokens do not look equal."""
    place = SealPlace(1, 1, "access_token")
    sealed = [SEALER.seal(SecretStr("token"), place) for _ in range(100)]

    assert {12} == {len(one.nonce) for one in sealed}
    assert 100 == len({one.nonce for one in sealed})
    assert 100 == len({one.ciphertext for one in sealed})


def test_a_key_that_is_gone_is_said_so() -> None:
    """A ciphertext whose key left the ring is told apart from a broken one: the key may come back."""
    sealed = SEALER.seal(SecretStr("token"), SealPlace(1, 1, "access_token"))

    with pytest.raises(SealKeyMissingError):
        AesGcmSealer(lambda: ring("k2"), SystemRandomness()).open(sealed, SealPlace(1, 1, "access_token"))


def test_the_ring_is_read_again_when_it_changes(tmp_path: Path, clock: ManualClock) -> None:
    """A new current key seals from the next second on, and the former one still opens."""
    path = tmp_path / "ring.json"
    _write(path, ring("k1"))
    sealer = AesGcmSealer(RereadFile(path, KeyRing, clock).read, SystemRandomness())
    place = SealPlace(1, 1, "refresh_token")
    old = sealer.seal(SecretStr("token"), place)
    _write(path, ring("k2", "k1"))
    clock.advance(1)
    new = sealer.seal(SecretStr("token"), place)

    assert ("k1", "k2") == (old.key_id, new.key_id)
    assert ["token", "token"] == [sealer.open(one, place).get_secret_value() for one in (old, new)]


def test_a_ring_that_breaks_leaves_the_last_good_one(tmp_path: Path, clock: ManualClock) -> None:
    """A ring file that becomes unreadable keeps what was read last; one that never was readable is a fault of ours."""
    path = tmp_path / "ring.json"
    sealer = AesGcmSealer(RereadFile(path, KeyRing, clock).read, SystemRandomness())
    place = SealPlace(1, 1, "refresh_token")
    with pytest.raises(NotLoadedError):
        sealer.seal(SecretStr("token"), place)

    _write(path, ring("k1"))
    clock.advance(1)
    sealed = sealer.seal(SecretStr("token"), place)
    path.write_text("{")
    clock.advance(1)

    assert "token" == sealer.open(sealed, place).get_secret_value()


@pytest.mark.parametrize(
    "content",
    [
        {"current": "k1", "keys": {}},
        {"current": "k1", "keys": {"k2": base64.b64encode(bytes(32)).decode()}},
        {"current": "k1", "keys": {"k1": base64.b64encode(bytes(16)).decode()}},
        {"current": "k1", "keys": {"k1": "not base64!"}},
    ],
)
def test_a_ring_is_checked_when_read(content: dict[str, object]) -> None:
    """A ring without its current key, or with a key that is not 32 bytes in base64, is refused whole."""
    with pytest.raises(ValidationError):
        KeyRing.model_validate(content)


def test_nothing_sealed_shows_the_token() -> None:
    """Neither the ring nor what was sealed prints a secret."""
    sealed = SEALER.seal(SecretStr("canary-token"), SealPlace(1, 1, "access_token"))

    assert "canary-token" not in repr(sealed)
    assert isinstance(sealed, Sealed)
    assert base64.b64encode(b"k1".ljust(32, b".")).decode() not in repr(ring())


def _write(path: Path, content: KeyRing) -> None:
    keys = {name: key.get_secret_value() for name, key in content.keys.items()}
    path.write_text(json.dumps({"current": content.current, "keys": keys}))
