"""The elements of a JSON array, each still in bytes, so that one that cannot be read does not take the others along."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

import msgspec
from msgspec import Raw

from webhooks.errors import UnreadableDeliveryError

_ARRAY: Final = msgspec.json.Decoder(list[Raw])
_TOKENS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{},"]', re.DOTALL)
_OPENING, _CLOSING = b"[{", b"]}"


def elements(body: bytes, most: int) -> list[Raw]:
    """The elements of a body that is an array of at most so many.

    Raises:
        UnreadableDeliveryError: it is none.
    """
    try:
        found = _ARRAY.decode(body)
    except msgspec.ValidationError:
        raise UnreadableDeliveryError("not an array", broken_json=not _is_json(body)) from None
    except (msgspec.DecodeError, RecursionError):  # one element is broken, or nested beyond reason
        found = [Raw(element) for element in islice(_split(body), most + 1)]
    if len(found) > most:
        raise UnreadableDeliveryError(f"more than {most} events", broken_json=False)
    return found


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _split(body: bytes) -> Iterator[bytes]:
    """Cut at the commas that stand directly inside the outermost brackets."""
    depth, start = 0, len(body) - len(body.lstrip()) + 1
    for token in _TOKENS.finditer(body):
        mark = token.group()
        if depth == 1 and mark in {b",", b"]"}:
            yield _filled(body[start : token.start()])
            start = token.end()
        depth += (mark in _OPENING) - (mark in _CLOSING)
        if depth < 1 or mark == b'"':  # the end of the array, or of everything else that can be understood
            break
    if depth or body[start:].strip() or not body.lstrip().startswith(b"["):
        raise _broken()


def _filled(element: bytes) -> bytes:
    if not element.strip():
        raise _broken()
    return element


def _broken() -> UnreadableDeliveryError:
    return UnreadableDeliveryError("broken JSON", broken_json=True)
