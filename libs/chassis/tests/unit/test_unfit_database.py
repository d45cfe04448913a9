"""Databases that cannot be used as they are: too old, or without room. A small server plays them on the wire."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from bson import decode, encode
from fastapi import FastAPI
from pymongo.errors import BulkWriteError, ConfigurationError, DuplicateKeyError, OperationFailure, WriteError

from chassis import database_failures
from chassis.health import UnfitError
from chassis.mongo import DATABASE_AWAY, answers, connect, if_it_can, takes_no_writes
from chassis.outcomes import ErrorKinds, Kind

KINDS = ErrorKinds(retryable=DATABASE_AWAY, refused_for_now=takes_no_writes)
HELLO = {"ok": 1, "isWritablePrimary": True, "helloOk": True, "minWireVersion": 0, "maxBsonObjectSize": 16_777_216}
_MESSAGE, _REPLY = 2013, 1  # OP_MSG, and OP_REPLY, in which the very first question is still answered


@asynccontextmanager
async def serving(wire_version: int, refusal: dict[str, Any]) -> AsyncIterator[str]:
    """A database of that wire version; the result of everything but saying hello."""

    def answer(command: dict[str, Any]) -> dict[str, Any]:
        hello = {"hello", "ismaster", "isMaster"} & command.keys()
        return HELLO | {"maxWireVersion": wire_version} if hello else refusal

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await one(reader, writer, answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"mongodb://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def one(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """Answer one message (MongoDB wire protocol)."""
    length, request_id, _, code = struct.unpack("<iiii", await reader.readexactly(16))
    body = await reader.readexactly(length - 16)
    if code == _MESSAGE:
        size = struct.unpack_from("<i", body, 5)[0]
        content = struct.pack("<Ib", 0, 0) + encode(answer(decode(body[5 : 5 + size])))
    else:
        begin = body.index(b"\0", 4) + 9
        content = struct.pack("<iqii", 8, 0, 0, 1) + encode(answer(decode(body[begin:])))
    writer.write(struct.pack("<iiii", 16 + len(content), 0, request_id, code if code == _MESSAGE else _REPLY) + content)
    await writer.drain()


async def test_a_database_that_is_too_old_is_refused_with_a_sentence() -> None:
    """Nothing is asked of it, events wait instead of being set aside, and readiness says which version is needed."""
    async with serving(8, {"ok": 1}) as url, connect(url, "tests") as client:
        with pytest.raises(UnfitError, match=r"^MongoDB 4\.4 or newer is needed"):
            await answers(client["d"])
        with pytest.raises(ConfigurationError) as refused:
            await client["d"]["c"].insert_one({"_id": 1})

    assert Kind.RETRYABLE is KINDS.of(refused.value)


async def test_one_that_is_new_enough_is_taken() -> None:
    """The oldest that the driver speaks to is taken."""
    async with serving(9, {"ok": 1}) as url, connect(url, "tests") as client:
        await answers(client["d"])


@pytest.mark.parametrize(
    "refusal",
    [
        {"ok": 0, "code": 14031, "codeName": "OutOfDiskSpace", "errmsg": "no space left on device"},
        {"ok": 0, "code": 371, "codeName": "UserWritesBlocked", "errmsg": "User writes blocked"},
        {"ok": 1, "n": 0, "writeErrors": [{"index": 0, "code": 14031, "errmsg": "no space left on device"}]},
    ],
)
async def test_a_write_for_which_there_is_no_room_is_tried_again(refusal: dict[str, Any]) -> None:
    """Whichever way a full disk is told, alone or in a batch: the event waits, and is never set aside."""
    async with serving(9, refusal) as url, connect(url, "tests") as client:
        with pytest.raises((OperationFailure, WriteError)) as alone:
            await client["d"]["c"].insert_one({"_id": 1})
        with pytest.raises(OperationFailure) as together:
            await client["d"]["c"].insert_many([{"_id": 1}], ordered=False)

    assert [Kind.RETRYABLE] * 2 == [KINDS.of(alone.value), KINDS.of(together.value)]


def test_other_refusals_are_no_want_of_room() -> None:
    """A document that is there already, or that is not allowed, will not be taken later either."""
    for error in (DuplicateKeyError("there", 11000), BulkWriteError({"writeErrors": [{"code": 121}]}), ValueError()):
        assert Kind.UNEXPECTED is KINDS.of(error)


async def answered_over(refusal: dict[str, Any]) -> httpx2.Response:
    """What a route that writes answers over such a database."""
    async with serving(9, refusal) as url, connect(url, "tests") as client:
        app = FastAPI()
        database_failures.install(app)

        @app.post("/")
        async def write() -> None:
            await client["d"]["c"].insert_one({"_id": 1})

        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://service") as http:
            return await http.post("/")


@pytest.mark.parametrize(("code", "status"), [(14031, 503), (371, 503), (121, 500)])
async def test_a_route_says_that_there_is_no_room(code: int, status: int) -> None:
    """Whoever asked is told to come again; a document that will never be taken stays a mistake of ours."""
    answer = await answered_over({"ok": 0, "code": code, "errmsg": "not now"})

    assert status == answer.status_code
    assert ("retry-after" in answer.headers) == (status == 503)


async def test_what_cannot_be_done_now_is_left() -> None:
    """What is tried at a start, and again later, ends for a database that cannot be used; not for one that refuses."""
    async with serving(8, {"ok": 1}) as url, connect(url, "tests") as client:
        with if_it_can():
            await answers(client["d"])
    with if_it_can():
        raise OperationFailure("no space left", 14031)
    with pytest.raises(OperationFailure), if_it_can():
        raise OperationFailure("not allowed", 13)
