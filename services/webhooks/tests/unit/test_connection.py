"""Connecting before the first delivery comes."""

import asyncio
from types import SimpleNamespace

import pytest

from webhooks.adapters.kafka.connection import connect_to_all


class Brokers:
    """What a client knows of its cluster: three brokers, of which some never answer."""

    def __init__(self, *silent: int) -> None:
        self.cluster, self.silent = self, silent
        self.connected: list[int] = []

    def brokers(self) -> list[SimpleNamespace]:
        """All of them."""
        return [SimpleNamespace(nodeId=node) for node in (1, 2, 3)]

    async def ready(self, node: int) -> bool:
        """Connect to one."""
        if node in self.silent:
            await asyncio.Event().wait()
        self.connected.append(node)
        return True


@pytest.mark.parametrize(("silent", "connected"), [((), [1, 2, 3]), ((2,), [1, 3])])
async def test_brokers_are_connected_to_and_a_silent_one_is_left_out(
    silent: tuple[int, ...], connected: list[int]
) -> None:
    """Before the service is ready it connects to every broker; one that is away delays it for a moment only."""
    brokers = Brokers(*silent)

    await connect_to_all(brokers, seconds=0.05)

    assert connected == brokers.connected
