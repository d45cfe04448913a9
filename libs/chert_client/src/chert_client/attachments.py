"""What people send along with messages: photos, films, contacts, documents.

Chert publishes the route of the content alone (chert-contract.md section 3.4). Type, size and name are therefore read
from the headers that HTTP has for them (RFC 9110, RFC 6266); each may be missing.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from chert_client.connection import Content

_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}(?=\s*(?:;|$))")
_EXTENDED_NAME: Final = re.compile(r";\s*filename\*\s*=\s*utf-8'[^']*'([^\s;]+)", re.IGNORECASE)
"""UTF-8 is the one encoding that whoever writes such a name may use (RFC 8187, section 3.2.1)."""
_PLAIN_NAME: Final = re.compile(r';\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))', re.IGNORECASE)
_ESCAPED: Final = re.compile(r"\\(.)")
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
    """The name in `Content-Disposition` (RFC 6266): the one for all scripts if there is one, else the plain one."""
    extended = _EXTENDED_NAME.search(disposition)
    if extended:
        return unquote(extended.group(1), errors="replace")
    plain = _PLAIN_NAME.search(disposition)
    return None if plain is None else _ESCAPED.sub(r"\1", plain.group(1) or "") or plain.group(2)
