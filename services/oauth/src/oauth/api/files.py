"""Files that strangers sent, as answers to a browser: nothing of them runs, none is kept, few are shown.

What a file claims to be is believed only if it stands in a list; whatever else becomes bytes to download. Browsers are
told not to guess (`nosniff`), and to give a file that they open after all no rights at all (`sandbox`).
"""

import mimetypes
import re
from contextlib import AsyncExitStack
from typing import Final
from urllib.parse import quote

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from oauth.api.pages import PRIVATE
from oauth.models import FileContent, FileFacts

UNKNOWN_TYPE: Final = "application/octet-stream"

IMAGES: Final = {
    "image/jpeg": "JPEG image",
    "image/png": "PNG image",
    "image/gif": "GIF image",
    "image/webp": "WebP image",
}
"""Shown in the page, for every browser can and none of them can hold a script."""

TYPES: Final = IMAGES | {
    "application/pdf": "PDF document",
    "audio/aac": "Audio (AAC)",
    "audio/amr": "Audio (AMR)",
    "audio/mp4": "Audio (MPEG-4)",
    "audio/mpeg": "Audio (MP3)",
    "audio/x-caf": "Voice message",
    "image/heic": "HEIC photo",
    "image/heif": "HEIF photo",
    "text/calendar": "Calendar entry",
    "text/plain": "Text",
    "text/vcard": "Contact card",
    "video/3gpp": "Film (3GP)",
    "video/mp4": "Film (MPEG-4)",
    "video/quicktime": "Film (QuickTime)",
}
"""What may be told a browser as a file's type; the others are offered for download under no type at all."""

_HEADERS: Final = {
    **PRIVATE,
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_KILO: Final = 1000
_TWO_DIGITS: Final = 10
_LONGEST_NAME: Final = 120
_NOT_IN_A_NAME: Final = re.compile(r'[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069<>:"/\\|?*]+')
"""Signs that some file system forbids, and those that turn the direction of writing and so hide an ending."""


class FileResponse(StreamingResponse):
    """A file as it comes; when the answer is over, whichever way, the file is closed."""

    def __init__(self, file: FileContent, number: int, opened: AsyncExitStack) -> None:
        """Answer with an open file.

        Args:
            file: what is sent.
            number: of the file in its message, for a name where it has none.
            opened: closes the file.
        """
        facts = file.facts
        headers = {**_HEADERS, "Content-Disposition": _disposition(facts, number)}
        if facts.size_bytes is not None:
            headers["Content-Length"] = str(facts.size_bytes)
        kind = facts.content_type if facts.content_type in TYPES else UNKNOWN_TYPE
        super().__init__(file.pieces, headers={**headers, "Content-Type": kind})
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        async with self._opened:
            await super().__call__(scope, receive, send)


def file_name(facts: FileFacts, number: int) -> str:
    """The name under which a file is offered: its own without what is dangerous in one, else one by its type."""
    name = _NOT_IN_A_NAME.sub(" ", facts.name or "").strip(" .")
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = name, ""
    short = f"{stem[:_LONGEST_NAME]}{dot}{ending[:_LONGEST_NAME]}"
    return short or f"attachment-{number}{mimetypes.guess_extension(facts.content_type) or ''}"


def type_words(content_type: str) -> str:
    """What a file claims to be, for people."""
    return TYPES.get(content_type, content_type)


def size_words(size_bytes: int) -> str:
    """A size for people, in decimal units with two digits or more."""
    if size_bytes < _KILO:
        return f"{size_bytes} bytes"
    size, unit = (size_bytes / _KILO, "kB") if size_bytes < _KILO**2 else (size_bytes / _KILO**2, "MB")
    return f"{size:.{1 if size < _TWO_DIGITS else 0}f} {unit}"


def _disposition(facts: FileFacts, number: int) -> str:
    """`Content-Disposition` (RFC 6266): images may be shown, everything else is saved."""
    kind = "inline" if facts.content_type in IMAGES else "attachment"
    return f"{kind}; filename*=UTF-8''{quote(file_name(facts, number), safe='')}"
