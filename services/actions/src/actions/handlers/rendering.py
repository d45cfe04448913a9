"""Templates: HubSpot's `{{ contact.firstname }}` form, replaced in one pass.

A value is never rendered again, whatever stands in it; a missing value is empty (`architecture.md`, section 4).
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from actions.errors import UnsendableError
from actions.models import Contact
from contracts.failures import Code

MAX_CHARACTERS: Final = 10_000
"""The longest message, before and after its tags are replaced (1009; Chert publishes no figure)."""

TAGS: Final[Mapping[str, Callable[[Contact], str]]] = {
    "contact.firstname": lambda contact: contact.firstname,
    "contact.lastname": lambda contact: contact.lastname,
    "contact.company": lambda contact: contact.company,
}
"""Every tag there is."""

_TAG: Final = re.compile(r"\{\{([^{}]*)\}\}")
_NAMEABLE: Final = re.compile(r"[a-z_.]{1,50}")


def render(template: str, contact: Contact) -> str:
    """The message for a contact.

    Raises:
        UnsendableError: an unknown or unfinished tag, an empty message, or one that is too long.
    """
    _check_length(len(template))
    texts, names = _split(template)
    values = [_value(name, contact) for name in names]
    _check_length(sum(map(len, texts)) + sum(map(len, values)))
    message = "".join(text + value for text, value in zip(texts, [*values, ""], strict=True))
    if not message.strip():
        raise UnsendableError(Code.MISSING_FIELD, "the message is empty")
    return message


def _split(template: str) -> tuple[list[str], list[str]]:
    """Literal texts and the names of the tags between them."""
    pieces = _TAG.split(template)
    texts, names = pieces[::2], pieces[1::2]
    if any("{{" in text for text in texts):
        raise UnsendableError(Code.INVALID_FIELD, "the message has a tag that does not end")
    return texts, [name.strip() for name in names]


def _value(name: str, contact: Contact) -> str:
    if name not in TAGS:
        which = f" {name}" if _NAMEABLE.fullmatch(name) else ""  # anything else could be content of the message
        raise UnsendableError(Code.INVALID_FIELD, f"the message has an unknown tag{which}")
    return TAGS[name](contact)


def _check_length(characters: int) -> None:
    if characters > MAX_CHARACTERS:
        raise UnsendableError(Code.TEXT_TOO_LONG, f"the message is over {MAX_CHARACTERS} characters")
