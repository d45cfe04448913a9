"""A database without room, for tests: in front of a real one, and while it is full it takes no write.

MongoDB refuses like that while there is still room to answer; one whose disk is really full ends. Speaks as much of
MongoDB's wire protocol as that takes: it looks for the command of an `OP_MSG`, and hands on whatever it lets through.
"""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from bson import decode, encode

from harness.ports import LOOPBACK

WRITES: Final = frozenset({"insert", "update", "delete", "findAndModify", "createIndexes", "create"})
NO_ROOM: Final[dict[str, Any]] = {"ok": 0, "code": 14031, "codeName": "OutOfDiskSpace", "errmsg": "no space left"}

_HEADER: Final = struct.Struct("<iiii")
_OP_MSG: Final = 2013
_BODY_AT: Final = _HEADER.size + 5
"""Behind the header: four bytes of flags, and one that says that the body comes."""


class FullDatabase:
    """Hands on what clients say.

    Attributes:
        url: where it listens.
        full: whether it takes no write now.
        refused: how many writes it did not take.
    """

    def __init__(self, behind: str) -> None:
        """In front of the database at this address."""
        self._behind = urlsplit(behind)
        self.url, self.full, self.refused = "", False, 0
        self._clients: dict[asyncio.Future[tuple[None, None]], asyncio.Future[None]] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until it leaves, or `end` is called."""
        answers, questions = await asyncio.open_connection(self._behind.hostname, self._behind.port)
        ways = asyncio.gather(self._hand_on(reader, questions, writer), _hand_back(answers, writer))
        served = asyncio.get_running_loop().create_future()
        self._clients[ways] = served
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            await ways
        ways.cancel()
        for stream in (questions, writer):
            stream.close()
            with contextlib.suppress(ConnectionError):
                await stream.wait_closed()
        del self._clients[ways]
        served.set_result(None)

    async def end(self) -> None:
        """Serve nobody any more; every connection is closed when this returns."""
        clients = dict(self._clients)
        for ways in clients:
            ways.cancel()
        await asyncio.gather(*clients.values())

    async def _hand_on(
        self, reader: asyncio.StreamReader, questions: asyncio.StreamWriter, writer: asyncio.StreamWriter
    ) -> None:
        while True:
            await self._one(await _message(reader), questions, writer)

    async def _one(self, message: bytes, questions: asyncio.StreamWriter, writer: asyncio.StreamWriter) -> None:
        if self.full and _command(message) in WRITES:
            self.refused += 1
            writer.write(_answer(message, NO_ROOM))
            await writer.drain()
        else:
            questions.write(message)
            await questions.drain()


@asynccontextmanager
async def full_database(behind: str) -> AsyncIterator[FullDatabase]:
    """One in front of a database, with room until it is told otherwise, until the block ends."""
    database = FullDatabase(behind)
    server = await asyncio.start_server(database.serve, LOOPBACK, 0)
    database.url = f"mongodb://{LOOPBACK}:{server.sockets[0].getsockname()[1]}/"
    try:
        yield database
    finally:
        server.close()
        await database.end()
        await server.wait_closed()


async def _message(reader: asyncio.StreamReader) -> bytes:
    length = await reader.readexactly(4)
    return length + await reader.readexactly(int.from_bytes(length, "little") - 4)


async def _hand_back(answers: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await answers.read(64 * 1024):
        writer.write(chunk)
        await writer.drain()
    raise ConnectionResetError("the database closed the connection")


def _command(message: bytes) -> str | None:
    """The command's name, which is a body's first member; none where the driver only says hello in the old way."""
    if _HEADER.unpack_from(message)[3] != _OP_MSG:
        return None
    length = int.from_bytes(message[_BODY_AT : _BODY_AT + 4], "little")
    return next(iter(decode(message[_BODY_AT : _BODY_AT + length])))


def _answer(question: bytes, content: dict[str, Any]) -> bytes:
    body = struct.pack("<Ib", 0, 0) + encode(content)
    return _HEADER.pack(_HEADER.size + len(body), 0, _HEADER.unpack_from(question)[1], _OP_MSG) + body
