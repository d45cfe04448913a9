import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.chert.errors import ChertError, Code
from simulators.chert.signatures import check_api_signature, digest, webhook_signature

SECRET = "0123456789abcdef0123456789abcdef"
TIMESTAMP = 1_790_000_000
BODY = b'{"phone":"+14155551234","body":"Hi"}'
BODY_SIGNATURE = "4c0cb097c862ee438a0ed2de70f1758542d08891132813211ca5a25fb5176756"
EMPTY_SIGNATURE = "ef8ad7a06002fbefd81a310ff306591707a0c995869fd7fb91ea6f663646864c"


@pytest.mark.parametrize(("body", "signature"), [(BODY, BODY_SIGNATURE), (b"", EMPTY_SIGNATURE)])
def test_known_answers(body: bytes, signature: str) -> None:
    """The digest agrees with the contract's vectors, for a body and for none."""
    assert signature == digest(SECRET, str(TIMESTAMP), body)
    check_api_signature(f"v1,{TIMESTAMP},{signature}", body, secret=SECRET, now=TIMESTAMP)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_off_still_pass(seconds: int) -> None:
    """A timestamp exactly five minutes off, either way, is accepted."""
    check_api_signature(f"v1,{TIMESTAMP},{BODY_SIGNATURE}", BODY, secret=SECRET, now=TIMESTAMP + seconds)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_beyond_five_minutes_is_skew(seconds: int) -> None:
    """A timestamp further off, either way, is refused as skew."""
    with pytest.raises(ChertError) as refusal:
        check_api_signature(f"v1,{TIMESTAMP},{BODY_SIGNATURE}", BODY, secret=SECRET, now=TIMESTAMP + seconds)
    assert Code.TIMESTAMP_SKEW == refusal.value.code


@pytest.mark.parametrize(
    "header",
    [
        "",
        BODY_SIGNATURE,
        f"v2,{TIMESTAMP},{BODY_SIGNATURE}",
        f"v1,1.79e9,{BODY_SIGNATURE}",
        f"v1,NaN,{BODY_SIGNATURE}",
        f"v1,{'9' * 400},{BODY_SIGNATURE}",
        f"v1,0{TIMESTAMP},{BODY_SIGNATURE}",
        f"v1,{TIMESTAMP},{BODY_SIGNATURE.upper()}",
        f"v1,{TIMESTAMP},{BODY_SIGNATURE}0",
        f"v1,{TIMESTAMP},{BODY_SIGNATURE}\n",
        f"v1,{TIMESTAMP},{EMPTY_SIGNATURE}",
        f"v1,१७९०००००००,{BODY_SIGNATURE}",
    ],
)
def test_malformed_headers_are_bad_signatures(header: str) -> None:
    """Whatever is not the documented form with the right digest is refused as a bad signature."""
    with pytest.raises(ChertError) as refusal:
        check_api_signature(header, BODY, secret=SECRET, now=TIMESTAMP)
    assert Code.BAD_SIGNATURE == refusal.value.code


@given(body=st.binary(max_size=200), bit=st.integers(min_value=0, max_value=255))
def test_one_flipped_bit_breaks_the_signature(body: bytes, bit: int) -> None:
    """A digest that differs in one bit never passes."""
    flipped = f"{int(digest(SECRET, str(TIMESTAMP), body), 16) ^ (1 << bit):064x}"
    with pytest.raises(ChertError) as refusal:
        check_api_signature(f"v1,{TIMESTAMP},{flipped}", body, secret=SECRET, now=TIMESTAMP)
    assert Code.BAD_SIGNATURE == refusal.value.code


def test_webhook_header_forms() -> None:
    """The three header forms in the field carry the same digest over the second of sending."""
    now = TIMESTAMP + 0.9
    modern, legacy = f"t={TIMESTAMP},v1={BODY_SIGNATURE}", f"v1,{TIMESTAMP},{BODY_SIGNATURE}"
    assert {"X-Webhook-Signature": modern} == webhook_signature(SECRET, now, BODY, "modern")
    assert {"X-Webhook-Signature": legacy} == webhook_signature(SECRET, now, BODY, "legacy")
    assert {"x-chert-signature": legacy} == webhook_signature(SECRET, now, BODY, "legacy_chert")
