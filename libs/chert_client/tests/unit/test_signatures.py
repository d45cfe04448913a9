import hashlib
import hmac
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chert_client import RejectionReason, SignatureRejectedError, WebhookVerifier, sign

SECRET = b"0123456789abcdef0123456789abcdef"
NOW = 1_790_000_000
BODY = b'{"event":"message.received"}'


def digest(secret: bytes, body: bytes, at: int | str) -> str:
    """The digest written down plainly."""
    return hmac.new(secret, str(at).encode() + b"." + body, hashlib.sha256).hexdigest()


def modern(secret: bytes = SECRET, body: bytes = BODY, at: int = NOW) -> str:
    """Today's form of the header."""
    return f"t={at},v1={digest(secret, body, at)}"


def legacy(secret: bytes = SECRET, body: bytes = BODY, at: int = NOW) -> str:
    """The older form of the header."""
    return f"v1,{at},{digest(secret, body, at)}"


Form = Callable[..., str]
FORMS: list[Form] = [modern, legacy]


def rejection(
    signature: str | bytes | None, *, body: bytes = BODY, now: int = NOW, secrets: tuple[bytes, ...] = (SECRET,)
) -> RejectionReason | None:
    """The reason why the verifier refuses, or nothing."""
    try:
        WebhookVerifier(secrets).verify(body, signature, now)
    except SignatureRejectedError as error:
        return error.reason
    return None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            b'{"phone":"+14155551234","body":"Hi"}',
            "v1,1790000000,4c0cb097c862ee438a0ed2de70f1758542d08891132813211ca5a25fb5176756",
        ),
        (b"", "v1,1790000000,ef8ad7a06002fbefd81a310ff306591707a0c995869fd7fb91ea6f663646864c"),
    ],
)
def test_requests_are_signed_as_the_contract_says(body: bytes, expected: str) -> None:
    """The vectors of chert-contract.md section 4.2."""
    assert expected == sign(SECRET, body, NOW)


@pytest.mark.parametrize("form", FORMS)
@given(secret=st.binary(min_size=1, max_size=100), body=st.binary(max_size=300), age=st.integers(-300, 300))
def test_both_forms_of_the_header_are_accepted(form: Form, secret: bytes, body: bytes, age: int) -> None:
    """chert-contract.md section 4.3: whatever the rule signs within 300 seconds either way, as text and as bytes."""
    signature = form(secret, body, NOW - age)

    assert None is rejection(signature, body=body, secrets=(secret,))
    assert None is rejection(signature.encode(), body=body, secrets=(secret,))


@given(
    body=st.binary(max_size=80),
    signature=st.none() | st.text() | st.binary() | st.text("tv1=,0a", max_size=90),
    now=st.integers(),
)
@example(body=b"", signature="t=" + "9" * 400 + ",v1=" + "0" * 64, now=0)
@example(body=b"", signature="t=٣,v1=" + "0" * 64, now=0)
@example(body=b"", signature="\ud800", now=0)
@example(body=b"", signature=b"\xff\xfe", now=0)
def test_the_check_is_total(body: bytes, signature: str | bytes | None, now: int) -> None:
    """Whatever a stranger sends, the only exception is the typed rejection."""
    assert None is not rejection(signature, body=body, now=now)


@given(data=st.data())
def test_any_change_to_a_signed_webhook_is_refused(data: st.DataObject) -> None:
    """One flipped bit in header or body is enough."""
    parts = {"signature": data.draw(st.sampled_from(FORMS))().encode(), "body": BODY}
    part = data.draw(st.sampled_from(sorted(parts)))
    flipped = bytearray(parts[part])
    flipped[data.draw(st.integers(0, len(flipped) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    assert None is not rejection(**parts | {part: bytes(flipped)})


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        (None, RejectionReason.MISSING_SIGNATURE),
        ("", RejectionReason.MISSING_SIGNATURE),
        ("nonsense", RejectionReason.MALFORMED_SIGNATURE),
        (f"t={NOW}", RejectionReason.MALFORMED_SIGNATURE),
        (f"t={NOW},v1=", RejectionReason.MALFORMED_SIGNATURE),
        (f"t=1e9,v1={'0' * 64}", RejectionReason.MALFORMED_SIGNATURE),
        (f"{modern()},v1={'0' * 64}", RejectionReason.MALFORMED_SIGNATURE),
        (f"t={NOW},v1={'0' * 64}", RejectionReason.BAD_SIGNATURE),
        (modern(secret=b"another"), RejectionReason.BAD_SIGNATURE),
        (modern(body=b"another"), RejectionReason.BAD_SIGNATURE),
        (modern(at=NOW - 301), RejectionReason.STALE),
        (legacy(at=NOW + 301), RejectionReason.STALE),
        (modern(secret=b"another", at=NOW - 301), RejectionReason.BAD_SIGNATURE),
    ],
)
def test_a_rejection_says_why(signature: str | None, reason: RejectionReason) -> None:
    """Each way to fail has its own reason, and only a right signature is ever called stale."""
    assert reason is rejection(signature)
    assert str(reason) == str(SignatureRejectedError(reason))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", [b"new", b"old"])
def test_any_secret_will_do_while_they_rotate(form: Form, secret: bytes) -> None:
    """Webhooks signed before and after a rotation are both accepted."""
    assert None is rejection(form(secret=secret), secrets=(b"new", b"old"))


@pytest.mark.parametrize("secrets", [[], [b""], [b"secret", b""]])
def test_a_verifier_without_a_secret_cannot_be_made(secrets: list[bytes]) -> None:
    """An empty key would let anybody sign."""
    with pytest.raises(ValueError, match="webhook secret"):
        WebhookVerifier(secrets)
