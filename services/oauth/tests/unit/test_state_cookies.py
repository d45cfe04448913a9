"""What a browser carries of an install."""

import base64
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from chassis.randomness import SystemRandomness
from oauth.adapters.state_cookies import AesGcmStateSealer
from oauth.models import InstallState

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)
BEGUN = InstallState("state", "p-acme", SecretStr("verifier"), LATER)


def sealer(*secrets: str) -> AesGcmStateSealer:
    """One with these secrets, the current one first."""
    return AesGcmStateSealer(lambda: [SecretStr(secret) for secret in secrets], SystemRandomness())


SEALER = sealer("current-state-secret", "former-state-secret")


@given(state=st.text(max_size=100), project=st.text(max_size=100), pkce=st.booleans())
def test_what_was_sealed_is_read(state: str, project: str, *, pkce: bool) -> None:
    """Any install comes back whole until it expires, and not from then on; its value needs no quotes in a cookie."""
    verifier = SecretStr("verifier") if pkce else None
    begun = InstallState(state, project, verifier, LATER, "console" if pkce else "marketplace")
    value = SEALER.seal(begun)

    assert begun == SEALER.open(value, NOW)
    assert begun == SEALER.open(value, LATER - timedelta(seconds=1))
    assert SEALER.open(value, LATER) is None
    assert value.replace("-", "").replace("_", "").isalnum()


def test_nobody_reads_what_a_browser_carries() -> None:
    """A cookie shows neither its state nor the verifier, and no two of one install are alike."""
    begun = replace(BEGUN, code_verifier=SecretStr("v" * 43))
    values = SEALER.seal(begun), SEALER.seal(begun)
    seen = base64.urlsafe_b64decode(values[0] + "==")

    assert b"state" not in seen
    assert b"vvvv" not in seen
    assert values[0] != values[1]


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: raw.decode("latin-1")))
def test_whatever_comes_in_a_cookie_is_read_or_refused(value: str) -> None:
    """A value that we did not seal is none, whatever it is; reading never fails."""
    assert SEALER.open(value, NOW) is None


@given(st.data())
def test_a_changed_cookie_is_refused(data: st.DataObject) -> None:
    """One other character anywhere in a cookie makes it worthless."""
    value = SEALER.seal(BEGUN)
    at = data.draw(st.integers(0, len(value) - 2))  # the last character holds bits that base64 ignores
    other = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz.-_0").filter(lambda new: new != value[at]))

    assert SEALER.open(value[:at] + other + value[at + 1 :], NOW) is None


def test_the_former_secret_still_opens() -> None:
    """While secrets are rotated, cookies sealed with the former one are read."""
    former = sealer("former-state-secret")

    assert SEALER.open(former.seal(BEGUN), NOW) == BEGUN
    assert former.open(SEALER.seal(BEGUN), NOW) is None


@pytest.mark.parametrize(
    "change", [{"state": 1}, {"exp": None}, {"start": "elsewhere"}, {"project_id": None}, {"code_verifier": 1}]
)
def test_a_sealed_value_of_another_kind_is_refused(change: dict[str, object]) -> None:
    """A value under our key that is not an install is none: nothing else can stand in for one."""
    whole = {"state": "s", "project_id": "p", "code_verifier": None, "start": "console", "exp": 9_999_999_999}

    assert SEALER.open(_by_hand(whole), NOW) is not None
    assert SEALER.open(_by_hand({**whole, **change}), NOW) is None
    assert SEALER.open(_by_hand(whole, purpose=b"something else"), NOW) is None


def _by_hand(content: object, purpose: bytes = b"state cookie") -> str:
    key = hashlib.sha256(b"sealed state cookie:current-state-secret").digest()
    sealed = AESGCM(key).encrypt(bytes(12), json.dumps(content).encode(), purpose)
    return base64.urlsafe_b64encode(bytes(12) + sealed).rstrip(b"=").decode()
