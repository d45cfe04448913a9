"""A request as somebody captured it: raw HTTP from a proxy or `nc`, JSON from a log or a simulator, or options."""

import base64
import binascii
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

MAX_BYTES: Final = 10 * 1024 * 1024
"""The largest capture that is read."""

_METHODS: Final = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ", b"OPTIONS ")


class CaptureError(Exception):
    """This is no captured request, in words fit for an operator."""


@dataclass(frozen=True, slots=True)
class Captured:
    """One request.

    Attributes:
        method: as it was called.
        url: whole, with scheme and host as far as they are known, and nothing decoded.
        headers: names as they came, in order.
        body: the raw bytes.
        received_at: when it came, in Unix seconds, if the capture says so.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    received_at: float | None = None

    def values(self, name: str) -> list[str]:
        """Every value of a header, whatever the case of its name."""
        return [value for known, value in self.headers if known.lower() == name.lower()]


def _pairs(headers: object) -> object:
    """Headers as pairs: an object's values may be lists."""
    if not isinstance(headers, dict):
        return headers
    return [(name, one) for name, value in headers.items() for one in (value if isinstance(value, list) else [value])]


class _Document(BaseModel):
    model_config = ConfigDict(extra="ignore")

    method: str
    url: str = ""
    path: str = ""
    query: str = ""
    headers: Annotated[tuple[tuple[str, str], ...], BeforeValidator(_pairs)] = ()
    body: str = ""
    body_base64: str | None = None
    at: float | None = None


def read(file: Path, base_url: str | None) -> Captured:
    """Read a capture; a base URL stands in for what it does not say, and overrides what it says of scheme and host.

    Raises:
        CaptureError: it cannot be read, is too large, or is no request.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise CaptureError(f"{file} cannot be read: {error.strerror}.") from None
    if len(content) > MAX_BYTES:
        raise CaptureError(f"{file} is over {MAX_BYTES} bytes.")
    return _from_json(content, base_url) if content.lstrip()[:1] == b"{" else _from_http(content, base_url)


def whole_url(target: str, headers: tuple[tuple[str, str], ...], base_url: str | None) -> str:
    """The URL of a request target: absolute already, below the base URL, or at the `Host` it names, by https.

    Raises:
        CaptureError: nothing says which host it was.
    """
    place = urlsplit(target)
    if place.scheme and place.netloc and base_url is None:
        return target
    path = target.removeprefix(f"{place.scheme}://{place.netloc}") if place.netloc else target
    host = next((value for name, value in headers if name.lower() == "host"), None)
    if base_url is None and host is None:
        raise CaptureError("The capture names no host; give --base-url.")
    return f"{(base_url or f'https://{host}').rstrip('/')}{path}"


def _from_http(content: bytes, base_url: str | None) -> Captured:
    if not content.startswith(_METHODS):
        raise CaptureError("This is neither raw HTTP, which begins with a method, nor a JSON object.")
    head, end, body = _split(content)
    request_line, *lines = head.decode("latin-1").replace("\r\n", "\n").split("\n")
    words = request_line.split(" ")
    if not end or len(words) < 2 or not all(":" in line for line in lines):  # noqa: PLR2004 - method and target
        raise CaptureError("The head of the request is incomplete: a request line, headers, an empty line.")
    headers = tuple((name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines))
    return Captured(words[0], whole_url(words[1], headers, base_url), headers, body)


def _split(content: bytes) -> tuple[bytes, bytes, bytes]:
    """Head, empty line and body, whether lines end as HTTP wants it or as an editor left them."""
    by_http, by_editor = content.partition(b"\r\n\r\n"), content.partition(b"\n\n")
    return by_http if by_http[1] and len(by_http[0]) < len(by_editor[0]) else by_editor


def _from_json(content: bytes, base_url: str | None) -> Captured:
    try:
        document = _Document.model_validate(json.loads(content))
        encoded = document.body_base64
        body = document.body.encode() if encoded is None else base64.b64decode(encoded, validate=True)
    except (ValidationError, binascii.Error, ValueError) as error:
        raise CaptureError(f"This JSON is no request: {_plainly(error)}") from None
    target = document.url or (f"{document.path}?{document.query}" if document.query else document.path)
    url = whole_url(target, document.headers, base_url)
    return Captured(document.method, url, document.headers, body, document.at)


def _plainly(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['type']}"
    return "body_base64 is not base64" if isinstance(error, binascii.Error) else "it is broken"
