"""HTTP/1.1 connections as thin as can be: what a load generator spends must not be measured as the server's."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

MAX_HEAD_BYTES: Final = 64 * 1024
_HEAD_END: Final = b"\r\n\r\n"


class WireError(Exception):
    """The server closed the connection, or answered in a form that is not read here."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """One kept connection; requests go one after the other, and bodies have a length."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection over these streams."""
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, url: str) -> Self:
        """Connect to the host and port of an address."""
        place = urlsplit(url)
        return cls(*await asyncio.open_connection(place.hostname, place.port, limit=MAX_HEAD_BYTES))

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it, and wait until it is."""
        self.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    def close(self) -> None:
        """Close it without a word."""
        self._writer.close()

    async def exchange(self, request: bytes) -> Answer:
        """Send a whole request and read the whole answer.

        Raises:
            WireError: there is none, or it cannot be read.
        """
        try:
            self._writer.write(request)
            status, headers = _parse(await self._reader.readuntil(_HEAD_END))
            body = await self._reader.readexactly(int(headers.get("content-length", "0")))
        except (OSError, EOFError, asyncio.LimitOverrunError) as error:
            raise WireError(type(error).__name__) from error
        if "transfer-encoding" in headers:
            raise WireError("an answer without a length")
        return Answer(status, headers, body)


def request(method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
    """The bytes of a request; `Host` and, where there is a body, its length are added."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body or method not in {"GET", "HEAD"}:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + _HEAD_END + body


def _parse(head: bytes) -> tuple[int, dict[str, str]]:
    status_line, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    return int(status_line.split(" ", 2)[1]), {name.lower(): value.strip() for name, _, value in pairs}
