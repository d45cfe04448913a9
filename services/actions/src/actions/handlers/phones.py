"""Which number of a contact a message goes to."""

import re
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from actions.errors import UnsendableError
from actions.models import Contact, PhoneProperty
from contracts.failures import Code

NO_USABLE_PHONE: Final = "contact has no usable phone number"

_MAX_CHARACTERS: Final = 100
"""No way of writing a number is longer."""

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")


def usable_phone(contact: Contact, default_region: str) -> str:
    """The contact's number in E.164: `phone`, or else `mobilephone`.

    Args:
        contact: the recipient.
        default_region: ISO 3166 region of numbers without a country code.

    Raises:
        UnsendableError: neither is usable (1013).
    """
    found = find_phone(contact, default_region)
    if found is None:
        raise UnsendableError(Code.NO_USABLE_PHONE, NO_USABLE_PHONE)
    return found[0]


def find_phone(contact: Contact, default_region: str) -> tuple[str, PhoneProperty] | None:
    """The contact's number in E.164 and the property it stands in; none when neither is usable."""
    written: tuple[tuple[PhoneProperty, str], ...] = (("phone", contact.phone), ("mobilephone", contact.mobilephone))
    for name, text in written:
        number = _e164(text, default_region)
        if number is not None:
            return number, name
    return None


def _e164(written: str, default_region: str) -> str | None:
    """The number in E.164, unless it cannot be one or leads to an extension behind a switchboard.

    Possible is enough: numbering plans change faster than anybody's list of them, and Chert has the last word.
    """
    if len(written) > _MAX_CHARACTERS:
        return None
    try:
        number = phonenumbers.parse(written, default_region)
    except NumberParseException:
        return None
    if number.extension or phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    formatted = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return formatted if _E164.fullmatch(formatted) else None
