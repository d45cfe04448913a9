"""Which number a message goes to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.errors import UnsendableError
from actions.handlers.phones import usable_phone
from actions.models import Contact
from contracts.failures import Code

FULL_WIDTH = "".join(chr(ord(digit) + 0xFEE0) for digit in "4155551234")


@pytest.mark.parametrize(
    ("written", "region", "number"),
    [
        ("+14155551234", "US", "+14155551234"),
        ("(415) 555-1234", "US", "+14155551234"),
        ("+49 170 1234567", "US", "+491701234567"),
        ("0170 1234567", "DE", "+491701234567"),
        ("011 49 170 1234567", "US", "+491701234567"),
        (FULL_WIDTH, "US", "+14155551234"),
    ],
)
def test_a_number_becomes_e164(written: str, region: str, number: str) -> None:
    """However it is written, a number is brought to E.164, a national one by the tenant's region."""
    assert number == usable_phone(Contact(id="1", phone=written), region)


def test_phone_comes_before_mobilephone() -> None:
    """`phone` is taken first."""
    assert usable_phone(Contact(id="1", phone="+14155551234", mobilephone="+14155559999"), "US") == "+14155551234"


@pytest.mark.parametrize(
    "phone",
    ["", "garbage", "555-1234", "911", "+999123456789", "(415) 555-1234 ext. 5", "+1", "4" * 101, "+49" + "1" * 15],
)
def test_an_unusable_phone_leaves_the_mobile(phone: str) -> None:
    """A number that is none, is too short, or leads to an extension gives way to `mobilephone`."""
    assert usable_phone(Contact(id="1", phone=phone, mobilephone="415 555 9999"), "US") == "+14155559999"


def test_no_usable_number_is_1013() -> None:
    """Without a usable number there is nobody to send to."""
    with pytest.raises(UnsendableError, match=r"^contact has no usable phone number$") as refused:
        usable_phone(Contact(id="1", phone="garbage"), "US")

    assert refused.value.code == Code.NO_USABLE_PHONE


@given(st.text(max_size=120), st.sampled_from(["US", "DE", "GB", "XX", "ZZ"]))
def test_any_text_is_a_number_or_none(written: str, region: str) -> None:
    """No text whatever makes the reading fail in another way, and what comes out is E.164."""
    try:
        number = usable_phone(Contact(id="1", phone=written), region)
    except UnsendableError:
        return

    assert number.startswith("+")
    assert number[1:].isascii()
    assert number[1:].isdigit()
    assert 7 <= len(number[1:]) <= 15
