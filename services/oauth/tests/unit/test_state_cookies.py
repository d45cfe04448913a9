"""What a browser carries of an install."""

import hashlib
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from oauth.adapters.state_cookies import JwtStateSigner

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)
SIGNER = JwtStateSigner(lambda: (SecretStr("current-state-secret"), SecretStr("former-state-secret")))


@given(st.text(max_size=100))
def test_what_was_signed_is_read(state: str) -> None:
    """Any state comes back until it expires, and not from then on."""
    value = SIGNER.sign(state, LATER)

    assert state == SIGNER.read(value, NOW)
    assert state == SIGNER.read(value, LATER - timedelta(seconds=1))
    assert SIGNER.read(value, LATER) is None


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: raw.decode("latin-1")))
def test_whatever_comes_in_a_cookie_is_read_or_refused(value: str) -> None:
    """A value that we did not sign is none, whatever it is; reading never fails."""
    assert SIGNER.read(value, NOW) is None


@given(st.data())
def test_a_changed_cookie_is_refused(data: st.DataObject) -> None:
    """One other character anywhere in a cookie makes it worthless."""
    value = SIGNER.sign("state", LATER)
    at = data.draw(st.integers(0, len(value) - 2))  # the last character holds bits that base64 ignores
    other = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz.-_0").filter(lambda new: new != value[at]))

    assert SIGNER.read(value[:at] + other + value[at + 1 :], NOW) is None


def test_the_former_secret_still_verifies() -> None:
    """While secrets are rotated, cookies signed with the former one are read."""
    former = JwtStateSigner(lambda: (SecretStr("former-state-secret"),))

    assert "state" == SIGNER.read(former.sign("state", LATER), NOW)
    assert former.read(SIGNER.sign("state", LATER), NOW) is None


@pytest.mark.parametrize("claims", [{}, {"state": "s"}, {"exp": 9_999_999_999}, {"state": 1, "exp": 9_999_999_999}])
def test_a_signed_value_of_another_kind_is_refused(claims: dict[str, object]) -> None:
    """A value under our key that is not a state is none: no other token can stand in for one."""
    key = hashlib.sha256(b"state cookie:current-state-secret").digest()

    assert "s" == SIGNER.read(jwt.encode({"state": "s", "exp": 9_999_999_999}, key, algorithm="HS256"), NOW)
    assert SIGNER.read(jwt.encode(claims, key, algorithm="HS256"), NOW) is None


def test_an_unsigned_cookie_is_refused() -> None:
    """The algorithm `none` is not accepted (RFC 8725, section 3.1)."""
    unsigned = jwt.encode({"state": "s", "exp": int(LATER.timestamp())}, None, algorithm="none")

    assert SIGNER.read(unsigned, NOW) is None
