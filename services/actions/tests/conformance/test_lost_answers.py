"""What only a network does: a write is carried out, and its answer never arrives."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from actions.adapters.mongo import MongoAliasStore, MongoSendOutbox, MongoSendStore, MongoTenantStore
from actions.errors import StoreAwayError
from actions.models import Accepted, Attempt, Lease, Send
from chassis import mongo
from chassis.clock import ManualClock
from chassis.mongo import Document
from contracts.tenants import TenantSnapshot

pytestmark = pytest.mark.integration

AT = datetime(2026, 11, 22, 12, 0, 1, tzinfo=UTC)
ENDED, BEGUN = Attempt("sent", AT, 1, "1" * 32), Attempt("begun", AT, 2, "2" * 32)
ACCEPTED = Accepted(message_id="m1", lead_id="l1", lead_created=True, phone_line_id=None)


class Wire:
    """A stretch of network before the database: it can lose the answer to a command, and the connection with it."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._losing: dict[bytes, int] = {}
        self._connections = asyncio.TaskGroup()
        self.lost = 0

    def lose(self, command: str, times: int = 1, collection: str = "sends") -> None:
        """Carry out the next such commands on a collection, and say nothing about it."""
        named = collection.encode() + b"\0"
        self._losing[command.encode() + b"\0" + len(named).to_bytes(4, "little") + named] = times

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Carry connections until the block ends; gives the near end's address."""
        async with self._connections:
            server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
            yield f"mongodb://127.0.0.1:{server.sockets[0].getsockname()[1]}/?directConnection=true"
            server.close()

    def _accept(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        self._connections.create_task(self._carry(near, to_near))

    async def _carry(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        far, to_far = await asyncio.open_connection(self._host, self._port)
        with contextlib.suppress(ConnectionError):
            while request := await near.read(1 << 20):
                to_far.write(request)
                answer = await far.read(1 << 20)
                if self._loses(request):
                    break
                to_near.write(answer)
        for end in (to_far, to_near):
            end.close()
            with contextlib.suppress(ConnectionError):
                await end.wait_closed()

    def _loses(self, request: bytes) -> bool:
        for command, times in self._losing.items():
            if times and command in request[:64]:
                self._losing[command] = times - 1
                self.lost += 1
                return True
        return False


@pytest.fixture
def wire(mongo_url: str) -> Wire:
    """The wire."""
    address = urlsplit(mongo_url)
    return Wire(address.hostname or "", address.port or 0)


@pytest.fixture
async def beyond(wire: Wire) -> AsyncIterator[AsyncDatabase[Document]]:
    """A fresh database beyond the wire."""
    async with wire.open() as address, mongo.connect(address, "actions") as client:
        name = f"actions_{uuid.uuid4().hex}"
        yield client[name]
        await client.drop_database(name)


@pytest.fixture
def sends(beyond: AsyncDatabase[Document]) -> MongoSendStore:
    """The sends beyond the wire."""
    return MongoSendStore(beyond, MongoSendOutbox(beyond, ManualClock()).note)


async def test_a_claim_whose_answer_got_lost_is_ones_own(sends: MongoSendStore, wire: Wire, draft: Send) -> None:
    """A duplicate-key error about a claim whose holder is this call is this call's own claim."""
    wire.lose("insert")

    assert draft == await sends.open(draft)
    assert 1 == wire.lost


async def test_a_claim_whose_answer_got_lost_is_still_anothers(
    beyond: AsyncDatabase[Document], sends: MongoSendStore, wire: Wire, draft: Send
) -> None:
    """A lost answer does not turn another's claim into one's own."""
    await MongoSendStore(beyond, lambda *_: None).open(draft)
    wire.lose("insert")

    opened = await sends.open(replace(draft, lease=Lease("holder-2", 1, 1)))

    assert (draft, 1) == (opened, wire.lost)


async def test_a_take_over_whose_answer_got_lost_is_ones_own(sends: MongoSendStore, wire: Wire, draft: Send) -> None:
    """A take-over that was carried out unheard is recognised, and made once."""
    seen = await sends.open(draft)
    wire.lose("update")

    taken = await sends.take(seen, "holder-2", BEGUN)

    assert taken is not None
    assert (Lease("holder-2", 2, 2), (*draft.attempts, BEGUN), 1) == (taken.lease, taken.attempts, wire.lost)


async def test_an_answer_stored_unheard_is_stored_once(sends: MongoSendStore, wire: Wire, draft: Send) -> None:
    """A settlement that was carried out unheard is recognised, its history written once."""
    held = await sends.open(draft)
    wire.lose("update")

    settled = await sends.settle(held, ENDED, answer=ACCEPTED)

    assert (ACCEPTED, (*draft.attempts, ENDED), 1) == (settled.answer, settled.attempts, wire.lost)


async def test_a_second_name_given_unheard_is_given(beyond: AsyncDatabase[Document], wire: Wire) -> None:
    """A second name that was stored unheard belongs to who gave it."""
    wire.lose("insert")

    assert await MongoAliasStore(beyond).bind("name", "a") == "a"
    assert 1 == wire.lost


async def test_a_claim_under_both_names_unheard_is_ones_own(
    sends: MongoSendStore, beyond: AsyncDatabase[Document], wire: Wire, draft: Send
) -> None:
    """A claim and its second name that were stored unheard are this call's, the name to be asked for once more."""
    wire.lose("insert")

    assert (draft, False) == await sends.open_as(draft, "name")
    assert (draft.key, 1) == (await MongoAliasStore(beyond).bind("name", draft.key), wire.lost)


async def test_a_snapshot_kept_unheard_is_kept(beyond: AsyncDatabase[Document], wire: Wire) -> None:
    """A projection that was written unheard is there, and its event is no error."""
    tenants = MongoTenantStore(beyond)
    snapshot = TenantSnapshot(
        portal_id=1, project_id="p", chert_tenant="acme", status="active", generation=1, revision=1, scopes=()
    )
    wire.lose("update", collection="tenants")

    await tenants.apply(snapshot)

    assert (snapshot, 1) == (await tenants.find(1), wire.lost)


async def test_a_connection_that_keeps_breaking_is_the_database_away(
    sends: MongoSendStore, wire: Wire, draft: Send
) -> None:
    """After the second try nothing is claimed to be known."""
    wire.lose("insert", times=2)

    with pytest.raises(StoreAwayError):
        await sends.open(draft)

    assert 2 == wire.lost


async def test_a_database_that_cannot_be_reached_is_away(draft: Send) -> None:
    """Without a server every call says so in the service's own words."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()

    async with mongo.connect(f"mongodb://127.0.0.1:{port}/?serverSelectionTimeoutMS=100", "actions") as client:
        with pytest.raises(StoreAwayError):
            await MongoSendStore(client["actions"], lambda _, __: None).open(draft)
