"""The service killed from within (-9) at every named point, on real parts, and started again."""

import sys
from collections.abc import Iterator

import pytest
from rich.console import Console

from harness.addresses import SERVICES, Environments
from harness.journal import Journal
from harness.processes import Command, Process, Supervisor
from harness.session import TestSession
from harness.system import System
from harness.waiting import wait_for
from harness.walk import Walk
from timeline.models import FaultPoint

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

LONGEST = 60.0
"""Seconds that anything may take: a dead holder's lane moves after 25 real seconds."""

CREATES = "/crm/objects/"
"""Where an answer gets lost, so that there is something to look for."""

SPEED = 20.0
"""How fast the wall clock runs, so that waiting out a late commit takes seconds."""


@pytest.fixture
def others(harness_session: TestSession) -> Iterator[System]:
    """A system without this service."""
    with harness_session.system(services=[name for name in SERVICES if name != "timeline"]) as system:
        yield system


@pytest.fixture
def faulty(others: System) -> Command:
    """How to start the service so that it dies; the name of the point is still missing."""
    environment = Environments(others.addresses, others.credentials, others.files).of("timeline")
    return Command(
        name="timeline",
        arguments=(sys.executable, "-m", "timeline"),
        log=others.files.log("timeline.faulty"),
        environment=environment,
    )


def started(supervisor: Supervisor, faulty: Command, point: FaultPoint) -> Process:
    """The service, which will die at a point if it has not done so before."""
    environment = {**faulty.environment, "TIMELINE_FAULT_POINT": point.value}
    command = Command(name=faulty.name, arguments=faulty.arguments, log=faulty.log, environment=environment)
    return supervisor.start(command)


async def test_killed_at_every_point(others: System, faulty: Command) -> None:
    """Whichever point the process dies at, the reply is on the timeline once when it is back, and it dies only once."""
    others.set_clock(speed=SPEED)
    with Supervisor() as supervisor:
        process = started(supervisor, faulty, FaultPoint.AFTER_INBOX_INSERT)
        async with Walk(others.seed("acme"), Journal(Console(quiet=True))) as walk:
            await walk.connect()
            await walk.send()
            for point in FaultPoint:
                process.stop()
                process = started(supervisor, faulty, point)
                dying = process
                if point is FaultPoint.AFTER_LOOK:
                    await walk.hubspot.fault(method="POST", path_prefix=CREATES, kind="drop", after_write=True)
                reply = await walk.lead_replies()
                wait_for(lambda dead=dying: not dead.running, what=f"the process to die {point}", seconds=LONGEST)
                process = started(supervisor, faulty, point)

                await walk.reply_on_timeline(reply, seconds=LONGEST)

                timeline = await walk.hubspot.timeline(walk.portal.portal_id, walk.contact.id)
                assert 1 == sum(reply.text in communication.body for communication in timeline)
                assert process.running
