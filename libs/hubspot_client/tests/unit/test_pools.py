import httpx2
import pytest

from hubspot_client.pools import SmallPools, small_pools
from hubspot_client.testing import ScriptedTransport


class Closes(ScriptedTransport):
    """A scripted pool that says whether it was closed."""

    closed = False

    async def aclose(self) -> None:
        """Note it."""
        self.closed = True


def request() -> httpx2.Request:
    """Any."""
    return httpx2.Request("GET", "https://api.hubapi.test/")


def answers(count: int) -> list[httpx2.Response | Exception]:
    """So many."""
    return [httpx2.Response(200, text="fine") for _ in range(count)]


async def test_a_request_goes_over_the_first_pool_with_a_free_connection() -> None:
    """A second pool is used only while the first is busy, so that few connections are open."""
    first, second = ScriptedTransport(answers(2)), ScriptedTransport(answers(1))
    pools = SmallPools(first, second, each=1)

    under_way = await pools.handle_async_request(request())
    await (await pools.handle_async_request(request())).aclose()
    await under_way.aclose()
    await (await pools.handle_async_request(request())).aclose()

    assert (2, 1) == (len(first.requests), len(second.requests))


async def test_a_connection_is_busy_until_its_answer_is_closed() -> None:
    """That an answer has come frees no connection: its content is still under way, and comes as it is."""
    first, second = ScriptedTransport(answers(1)), ScriptedTransport(answers(1))
    pools = SmallPools(first, second, each=1)

    async with httpx2.AsyncClient(transport=pools) as client, client.stream("GET", "https://api.hubapi.test/") as one:
        await client.get("https://api.hubapi.test/")

        assert b"fine" == await one.aread()
    assert 1 == len(second.requests)


async def test_a_request_that_fails_frees_its_connection() -> None:
    """What ended without an answer keeps no connection busy."""
    first, second = ScriptedTransport([httpx2.ConnectError("refused"), *answers(1)]), ScriptedTransport()
    pools = SmallPools(first, second, each=1)

    with pytest.raises(httpx2.ConnectError):
        await pools.handle_async_request(request())
    await pools.handle_async_request(request())

    assert (2, 0) == (len(first.requests), len(second.requests))


async def test_where_all_are_busy_a_request_waits_where_the_fewest_do() -> None:
    """A request beyond all connections is the least busy pool's to keep waiting, or to refuse."""
    first, second = ScriptedTransport(answers(2)), ScriptedTransport(answers(2))
    pools = SmallPools(first, second, each=1)

    for _ in range(4):
        await pools.handle_async_request(request())

    assert (2, 2) == (len(first.requests), len(second.requests))


async def test_all_pools_are_closed_together() -> None:
    """Closing leaves no connection open."""
    parts = Closes(), Closes()

    await SmallPools(*parts).aclose()

    assert all(part.closed for part in parts)


@pytest.mark.parametrize(("connections", "pools"), [(1, 1), (4, 1), (5, 2), (40, 10)])
async def test_there_are_pools_for_all_connections(connections: int, pools: int) -> None:
    """However many connections are allowed, no pool is large, and none is without any."""
    made = small_pools(connections)

    assert pools == len(made)
    await made.aclose()
