"""What people send along with messages: photos, films, contacts, documents.

Chert publishes the route of the content alone (chert-contract.md section 3.4). Type, size and name are therefore read
from the headers that HTTP has for them (RFC 9110, RFC 6266); each may be missing.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import Message
from typing import Final

from chert_client.connection import Content

_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}(?=\s*(?:;|$))")
_UNKNOWN_TYPE: Final = "application/octet-stream"
_LONGEST_SIZE: Final = 15
"""Digits: more than any file has bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One attachment, of which nothing is true but that Chert said so.

    Attributes:
        content_type: without parameters, in lower case.
        size_bytes: none when it is not told.
        filename: as the sender's phone named it; none when it is not told.
        content: piece by piece, once, while the block that opened it lasts.
    """

    content_type: str
    size_bytes: int | None
    filename: str | None = field(repr=False)
    content: AsyncIterator[bytes] = field(repr=False)


def attachment_of(content: Content) -> Attachment:
    """The attachment that an answer carries."""
    length = content.headers.get("content-length", "")
    told = _TYPE.match(content.headers.get("content-type", "").lower())
    return Attachment(
        content_type=told.group() if told else _UNKNOWN_TYPE,
        size_bytes=int(length) if length.isascii() and length.isdigit() and len(length) <= _LONGEST_SIZE else None,
        filename=_filename(content.headers.get("content-disposition", "")),
        content=content.pieces(),
    )


def _filename(disposition: str) -> str | None:
    """The name in `Content-Disposition`, whichever of its forms is used; none when it cannot be read."""
    told = Message()
    try:
        told["content-disposition"] = disposition
        return told.get_filename() or None
    except (LookupError, ValueError):  # an unknown or broken encoding
        return None
