"""Tenants kept apart: places and breakers."""

import asyncio

import pytest

from chert_client.errors import InvalidRequestError, NotSentError, ServerFaultError
from chert_client.tenants import TenantLimits, Tenants


class Time:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def time() -> Time:
    """The breakers' clock."""
    return Time()


@pytest.fixture
def tenants(time: Time) -> Tenants:
    """Two places each, a breaker that opens at three failures."""
    return Tenants(TenantLimits(calls=2, wait_seconds=0.01, failures=3, open_seconds=5.0), time)


async def fail(tenants: Tenants, slug: str = "acme", error: Exception | None = None) -> None:
    """A call that ends badly."""
    with pytest.raises(type(error or ServerFaultError())):
        async with tenants.entered(slug):
            raise error or ServerFaultError


async def test_a_tenant_has_so_many_places_and_others_their_own(tenants: Tenants) -> None:
    """While a tenant's calls hang, its next one is not sent, and another tenant's is."""
    hanging = asyncio.Event()

    async def hang() -> None:
        async with tenants.entered("acme"):
            await hanging.wait()

    held = [asyncio.create_task(hang()) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(NotSentError, match="TenantBusy"):
        async with tenants.entered("acme"):
            pass
    async with tenants.entered("other"):
        pass

    hanging.set()
    await asyncio.gather(*held)
    async with tenants.entered("acme"):
        pass


async def test_failures_in_a_row_open_the_breaker_of_that_tenant_alone(tenants: Tenants) -> None:
    """Once open, nothing is sent for that tenant; the others feel nothing."""
    for _ in range(3):
        await fail(tenants)

    with pytest.raises(NotSentError, match="BreakerOpen"):
        async with tenants.entered("acme"):
            pass
    async with tenants.entered("other"):
        pass


@pytest.mark.parametrize("between", [None, InvalidRequestError()])
async def test_an_answer_ends_the_row(tenants: Tenants, between: Exception | None) -> None:
    """A success, and a refusal too, says that Chert works for this tenant."""
    for _ in range(5):
        await fail(tenants)
        await fail(tenants)
        if between is None:
            async with tenants.entered("acme"):
                pass
        else:
            await fail(tenants, error=between)


async def test_after_its_time_one_call_tries(tenants: Tenants, time: Time) -> None:
    """Half open, one call goes through at a time: its failure opens the breaker again, its success closes it."""
    for _ in range(3):
        await fail(tenants)
    time.now = 5.0

    async with tenants.entered("acme"):
        with pytest.raises(NotSentError, match="BreakerOpen"):
            async with tenants.entered("acme"):
                pass
    await fail(tenants)
    await fail(tenants)
    await fail(tenants)
    time.now = 10.0
    await fail(tenants)
    with pytest.raises(NotSentError, match="BreakerOpen"):
        async with tenants.entered("acme"):
            pass


async def test_a_cancelled_probe_leaves_room_for_the_next(tenants: Tenants, time: Time) -> None:
    """Whoever gives up while trying does not keep the breaker open for ever."""
    for _ in range(3):
        await fail(tenants)
    time.now = 5.0

    with pytest.raises(asyncio.CancelledError):
        async with tenants.entered("acme"):
            raise asyncio.CancelledError
    async with tenants.entered("acme"):
        pass
