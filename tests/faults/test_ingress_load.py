"""The load: it takes only a 2xx for an acknowledgement, and comes again as its senders do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
from _ingress_deliveries import Delivery, Makers, Signer
from _ingress_load import Account, Load

SIGNER = Signer("https://app.example.test", b"ab" * 32, b"cd" * 32)


@asynccontextmanager
async def server(*statuses: int) -> AsyncIterator[str]:
    """A server that gives these answers in turn and then closes every connection unanswered; its address."""
    left = list(statuses)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
        if left:
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % left.pop(0))
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


async def account_of(url: str, delivery: Delivery) -> Account:
    """What became of one delivery."""

    def only_this() -> Delivery:
        load.finish()
        return delivery

    random = Random(1)  # noqa: S311 - a repeatable choice, no secret
    load = Load(url, SIGNER, only_this, random, workers=1, chert_pauses=(0.01, 0.02))
    async with load:
        await asyncio.sleep(0)  # it has begun
    return load.account


@pytest.fixture
def makers() -> Makers:
    """Makes deliveries."""
    return Makers(Random(3))  # noqa: S311 - a repeatable choice, no secret


async def test_a_2xx_acknowledges(makers: Makers) -> None:
    """A delivery counts as acknowledged when its 2xx was read, and its events count."""
    delivery = makers.uninstalls(5)
    async with server(200) as url:
        account = await account_of(url, delivery)

    assert ([delivery], 5, 0) == (account.acknowledged, account.events, account.given_up)


async def test_a_refusal_is_final_for_chert(makers: Makers) -> None:
    """Chert does not come again after a 4xx."""
    async with server(401, 200) as url:
        account = await account_of(url, makers.chert())

    assert ([], 1, 1) == (account.acknowledged, account.refused, account.given_up)


async def test_chert_comes_again_after_a_failure(makers: Makers) -> None:
    """After a 503 the next attempt may be acknowledged; both are accounted for."""
    async with server(503, 200) as url:
        account = await account_of(url, makers.chert())

    assert 1 == len(account.acknowledged)
    assert [503, 200] == [attempt.status for attempt in account.attempts]


async def test_what_is_cut_off_is_no_acknowledgement(makers: Makers) -> None:
    """A connection that closes without an answer counts as cut off, three times for Chert, who then gives up."""
    async with server() as url:
        account = await account_of(url, makers.chert())

    assert ([], 3, 1) == (account.acknowledged, account.cut_off, account.given_up)
