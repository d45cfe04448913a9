"""Histories while the service runs: what carries much is filed without anybody asking."""

from services.oauth.tests.conftest import Connect

from chassis.lifespan import Plumbing
from harness.waiting import eventually
from oauth.adapters.in_memory import InMemoryInstallations
from oauth.models import Project
from oauth.workers import FILED_TOGETHER, history_worker

MANY = FILED_TOGETHER + 3


async def test_the_service_files_what_carries_much(
    connect: Connect, installations: InMemoryInstallations, acme: Project, plumbing: Plumbing
) -> None:
    """All installations that carry much are filed in rounds that follow each other, and nothing is lost by that."""
    for portal_id in range(1, MANY + 1):
        for _ in range(12):
            await connect(acme, portal_id)
    rounds: list[int] = []

    async def file(limit: int) -> int:
        rounds.append(await installations.file(limit))
        return rounds[-1]

    async def is_done() -> bool:
        return len(rounds) > 1

    async with history_worker(file, plumbing).running():
        await eventually(is_done, what="two rounds", seconds=30)

    assert [FILED_TOGETHER, MANY - FILED_TOGETHER] == rounds[:2]
    histories = await installations.of([*range(1, MANY + 1)])
    assert {12} == {len(entries) for entries in histories.values()}
