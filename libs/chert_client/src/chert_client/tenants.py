"""Tenants kept apart: each has a few places for calls, and a breaker that spares Chert and us calls that keep failing.

So a tenant whose calls hang or fail neither takes the others' connections nor their time.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from chert_client.errors import (
    ChertError,
    MalformedAnswerError,
    NoAnswerError,
    NotSentError,
    Refusal,
    ServerFaultError,
)

_REMEMBERED: Final = 10_000
"""Tenants without a call under way that are remembered; one forgotten begins anew, closed."""

_FAILURES: Final = (NoAnswerError, MalformedAnswerError, ServerFaultError)
"""What counts against a tenant; a refusal, also one to come later, is an answer."""


@dataclass(frozen=True, slots=True)
class TenantLimits:
    """The bounds for each tenant.

    Attributes:
        calls: how many at once.
        wait_seconds: how long a call waits for its place.
        failures: how many in a row open the breaker.
        open_seconds: how long it then lets nothing through; after that, one call at a time until one succeeds.
    """

    calls: int = 20
    wait_seconds: float = 2.0
    failures: int = 5
    open_seconds: float = 5.0


@dataclass(slots=True)
class _Tenant:
    places: asyncio.Semaphore
    present: int = 0
    failures: int = 0
    opened_at: float = 0.0
    probing: bool = field(default=False)


class Tenants:
    """Lets the calls of each tenant through."""

    def __init__(self, limits: TenantLimits, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._monotonic = limits, monotonic
        self._tenants: OrderedDict[str, _Tenant] = OrderedDict()

    @asynccontextmanager
    async def entered(self, slug: str) -> AsyncIterator[None]:
        """Have a place for one call until the block ends; how it ends counts for the breaker.

        Raises:
            NotSentError: there is no place in time (`TenantBusy`), or the breaker is open (`BreakerOpen`).
        """
        tenant = self._known(slug)
        tenant.present += 1
        try:
            async with self._place(tenant), self._breaker(tenant):
                yield
        finally:
            tenant.present -= 1
            self._forget_idle()

    @asynccontextmanager
    async def _place(self, tenant: _Tenant) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._limits.wait_seconds):
                await tenant.places.acquire()
        except TimeoutError:
            raise NotSentError(Refusal(failure="TenantBusy")) from None
        try:
            yield
        finally:
            tenant.places.release()

    @asynccontextmanager
    async def _breaker(self, tenant: _Tenant) -> AsyncIterator[None]:
        probe = self._check(tenant)
        try:
            yield
        except _FAILURES:
            self._failed(tenant)
            raise
        except ChertError:
            tenant.failures = 0
            raise
        else:
            tenant.failures = 0
        finally:
            tenant.probing = tenant.probing and not probe

    def _check(self, tenant: _Tenant) -> bool:
        """Whether this call is the one that tries whether Chert works again."""
        if tenant.failures < self._limits.failures:
            return False
        if tenant.probing or self._monotonic() - tenant.opened_at < self._limits.open_seconds:
            raise NotSentError(Refusal(failure="BreakerOpen"))
        tenant.probing = True
        return True

    def _failed(self, tenant: _Tenant) -> None:
        tenant.failures += 1
        if tenant.failures >= self._limits.failures:
            tenant.opened_at = self._monotonic()

    def _known(self, slug: str) -> _Tenant:
        tenant = self._tenants.setdefault(slug, _Tenant(asyncio.Semaphore(self._limits.calls)))
        self._tenants.move_to_end(slug)
        return tenant

    def _forget_idle(self) -> None:
        if len(self._tenants) > _REMEMBERED:
            oldest = next(iter(self._tenants))
            if not self._tenants[oldest].present:
                del self._tenants[oldest]
