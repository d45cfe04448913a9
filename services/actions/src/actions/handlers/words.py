"""Refusals in the words of a sales rep: what is the matter, and what they can do."""

import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from actions.handlers.opt_outs import OPTED_OUT
from actions.models import ERASED
from contracts.failures import Code

_BY_ERROR: Final[Mapping[str, str]] = {
    ERASED.error: "This contact was deleted for privacy.",
    OPTED_OUT.error: "This contact asked for no more messages. They can write START to get messages again.",
}

_LINE_NOT_ASSIGNED: Final = 2006

_BY_CODE: Final[Mapping[int, str]] = {
    Code.MISSING_FIELD: "Write a message first.",
    Code.INVALID_FIELD: (
        "The message has a personalization token that does not exist or does not end. "
        "You can use {{ contact.firstname }}, {{ contact.lastname }} and {{ contact.company }}."
    ),
    Code.INVALID_PHONE: "Chert cannot send to this contact's phone number. Check the number.",
    Code.LINK_IN_FIRST_MESSAGE: "The first message to a contact must not hold a link. Send one without a link first.",
    Code.RATE_LIMITED: "Too much is going on in this account right now. Try again in a few seconds.",
    Code.TEXT_TOO_LONG: "The message is too long. Make it shorter than 10,000 characters.",
    Code.WRONG_STATE: "This message was refused. Write it again to send it.",
    Code.NO_USABLE_PHONE: "This contact has no phone number that messages can be sent to.",
    Code.TENANT_NOT_FOUND: "This HubSpot account is not connected to Chert. Ask an admin to connect it.",
    Code.FORBIDDEN: "Chert does not allow this project to send. Ask an admin to look at the project.",
    _LINE_NOT_ASSIGNED: "The phone line of this account is not in service. Ask an admin to choose another one.",
    Code.ACCOUNT_LIMIT: "Today's limit of first messages is reached. Try again tomorrow.",
    Code.NOT_CONNECTED: "Chert may not read contacts of this account. Ask an admin to connect it again.",
    Code.NOT_FOUND: "This contact was not found. It may have been deleted or merged: reload the page.",
    Code.INTERNAL: "Something failed on Chert's side. Try again in a moment.",
    Code.UNAVAILABLE: "Messages cannot be sent right now. Try again in a moment.",
    Code.UPSTREAM: "Messages cannot be sent right now. Try again in a moment.",
    Code.DELIVERY_FAILED: "The message could not be delivered. Try again in a moment.",
}

_NAMES: Final = {"phone": "Phone number", "mobilephone": "Mobile phone number"}
"""What HubSpot calls the two properties."""

_MINUTE: Final = 60


def words_for_rep(code: int, error: str, *, retry_after_seconds: float | None = None) -> str:
    """A sentence or two; what nobody has words for is quoted, and so is Chert's reason for "not now"."""
    if code == Code.LINES_SATURATED:
        again = "later" if retry_after_seconds is None else f"in {_span(retry_after_seconds)}"
        return f"Chert cannot send a first message right now: {error}. Try again {again}."
    return _BY_ERROR.get(error) or _BY_CODE.get(code) or f"Chert refused this message: {error}."


def words_for_no_phone(empty: AbstractSet[str], missing: AbstractSet[str]) -> str:
    """Why a contact has no usable number.

    Args:
        empty: those of `phone` and `mobilephone` that have no value.
        missing: those that the account lacks, or that may not be read.
    """
    if missing >= _NAMES.keys():
        return f"Chert cannot read {_named(missing)} in this account. Ask an admin to let it."
    if missing and missing | empty >= _NAMES.keys():
        return f"{_named(_NAMES.keys() - missing)} is empty, and Chert cannot read {_named(missing)} in this account."
    if empty >= _NAMES.keys():
        return f"This contact has no phone number. Fill in {_named(empty, joined=' or ')}."
    return "This contact's number cannot be used. Write it with its country code and without an extension."


def _named(properties: AbstractSet[str], *, joined: str = " and ") -> str:
    return joined.join(name for key, name in _NAMES.items() if key in properties)


def _span(seconds: float) -> str:
    if seconds <= _MINUTE:
        return "a minute"
    minutes = math.ceil(seconds / _MINUTE)
    return f"{minutes} minutes" if minutes <= 2 * _MINUTE else f"{math.ceil(minutes / _MINUTE)} hours"
