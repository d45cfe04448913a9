"""A whole system in a test: seeded, walked, harmed."""

import asyncio

import pytest
from rich.console import Console

from harness.journal import Journal
from harness.session import TestSession
from harness.system import System
from harness.walk import MissError, Walk

pytestmark = pytest.mark.e2e


def quiet() -> Journal:
    """A journal that prints nothing."""
    return Journal(Console(quiet=True))


async def test_the_main_job_can_be_walked_for_any_project(system: System) -> None:
    """On one running system each test takes a project of its own, and the walk succeeds there."""
    async with Walk(await asyncio.to_thread(system.seed, "first"), quiet()) as walk:
        first = await walk.all_steps()
    async with Walk(await asyncio.to_thread(system.seed, "second"), quiet()) as walk:
        second = await walk.all_steps()

    assert {"connected account", "workflow callback", "communication"} <= first.ids.keys()
    assert not {first.ids["communication"], first.ids["connected account"]} & set(second.ids.values())


async def test_a_walk_ends_at_the_first_miss(system: System) -> None:
    """Where an account is not connected, the walk says what it expected and what it saw."""
    async with Walk(await asyncio.to_thread(system.seed, "stranger"), quiet()) as walk:
        with pytest.raises(MissError, match="expected 'success', saw 'fail_continue'"):
            await walk.send()


async def test_a_service_can_be_killed_in_the_midst_of_a_walk(system: System) -> None:
    """A killed service comes back and goes on where it was."""
    async with Walk(await asyncio.to_thread(system.seed, "acme"), quiet()) as walk:
        await walk.connect()
        await walk.send()
        reply = await walk.lead_replies()
        await asyncio.to_thread(system.kill, "timeline")
        assert "timeline" not in system.processes

        await asyncio.to_thread(system.start, "timeline")
        await walk.reply_on_timeline(reply, seconds=90)


async def test_a_system_of_ones_own_runs_beside_the_shared_one(harness_session: TestSession, system: System) -> None:
    """Another system has servers of its own on ports of its own, and the shared one goes on when it is gone."""
    with harness_session.system(services=()) as own:
        ours, theirs = own.addresses, system.addresses
        assert not {ours.gateway_port, ours.kafka_bootstrap, ours.mongo_url} & {
            theirs.gateway_port,
            theirs.kafka_bootstrap,
            theirs.mongo_url,
        }
    async with Walk(await asyncio.to_thread(system.seed, "beside"), quiet()) as walk:
        await walk.connect()
