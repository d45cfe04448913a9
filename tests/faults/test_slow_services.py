"""Slow clients at every service, in small: nobody is kept, and whoever asks is answered."""

import asyncio

import pytest
from slow_services import crowd

from harness.addresses import SERVICES
from harness.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

CLIENTS = 60


async def test_no_service_keeps_slow_clients(system: System) -> None:
    """Silent, dripping, idle and deaf clients are closed by each service, which answers others and ends in time."""
    crowds = await asyncio.gather(*(crowd(system, service, CLIENTS) for service in SERVICES))

    assert [(CLIENTS, 0)] * len(SERVICES) == [(seen.clients, seen.still_open) for seen in crowds]
    assert [(True, [])] * len(SERVICES) == [(seen.asked > 0, seen.unanswered) for seen in crowds]
