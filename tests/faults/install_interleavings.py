"""A thousand random interleavings of everything that happens to an install, each explained by a model.

Hypothesis makes them: each example is an account on two real processes of the service, the real Kafka and the real
database. Calls to HubSpot are held while others go on, its token routes fail, tokens expire and notices come late,
twice or never; in fifty examples processes are killed (-9) in the middle of operations. At the end, some order of all
that happened has to explain every event that was told and the state that is seen. What cannot be explained is
shortened and printed as the steps that lead to it, and lies in `build/reports/install_interleavings.txt`.

A second part has replies in flight while accounts move between projects: see `_install_replies`.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from _install_accounts import World
from _install_machine import Interleavings, KilledInterleavings, counterexample
from _install_operations import Project
from _install_play import RealPlay, Stage, Sum
from _install_replies import interleave
from _tenant_stream import TenantStream
from aiokafka import AIOKafkaProducer
from rich.console import Console

from harness.admins import Admin, client
from harness.control import HubSpotControl
from harness.event_log import EventLog
from harness.own_systems import own_system
from harness.reports import Report, Scale
from harness.runs import reports_folder
from harness.system import System

SEED: Final = 4_001
RUNS: Final = {Scale.QUICK: 150, Scale.FULL: 1_000}
ACCOUNTS_WITH_REPLIES: Final = {Scale.QUICK: 40, Scale.FULL: 300}
KILLED_RUNS: Final = {Scale.QUICK: 10, Scale.FULL: 50}
USER: Final = "ada@interleaved.test"
PROJECTS: Final[dict[Project, str]] = {"a": "project-a", "b": "project-b"}
FIRST_PORTAL: Final = 20_000_001
TELL_EVERY: Final = 25
console = Console()


def main(scale: Scale) -> Report:
    """Run all examples, those with kills last."""
    report = Report("install_interleavings", scale, seed=SEED)
    with own_system("install_interleavings", services=("oauth",)) as system, _stage(system) as stage:
        wrong = _all(stage, scale)
    found = stage.found
    report.add("F7.runs", found.runs, "interleavings", f">= {RUNS[scale]}")
    report.add("F7.wrong_states", wrong, "interleavings", "== 0")
    report.add("F7.killed_runs", found.killed_runs, "interleavings", f">= {KILLED_RUNS[scale]}")
    report.add("F7.kills", found.kills, "kills", f">= {KILLED_RUNS[scale]}")
    report.add("F7.cut_off", found.cut_off, "operations", ">= 1")
    report.add("F7.events", found.operations, "operations", f">= {5 * RUNS[scale]}")
    report.add(
        "F7.overlapped", found.overlapped, "operations begun while another was held up", f">= {RUNS[scale] // 2}"
    )
    report.add("F7.effects", found.told, "events told", f">= {RUNS[scale]}")
    report.add("F7.repeated", found.repeated, "records with an id told before")
    with own_system("install_interleavings_replies", services=("oauth", "timeline")) as system:
        _judge_replies(system, report, ACCOUNTS_WITH_REPLIES[scale])
    return report


def _judge_replies(system: System, report: Report, accounts: int) -> None:
    """Play the part with replies."""
    found = asyncio.run(interleave(system, accounts, SEED))
    report.add("F7.replies", found.said, "replies in flight", f">= {5 * accounts}")
    report.add("F7.replies_written", found.written, "replies on timelines", f">= {2 * accounts}")
    report.add("F7.replies_superseded", found.superseded, "replies whose account moved, visibly given up")
    report.add("F7.moves", found.moves, "accounts moved to the other project", f">= {accounts}")
    report.add("F7.replies_crossed", len(found.crossed), "written where they do not belong", "== 0")
    report.add("F7.replies_lost", len(found.lost), "replies", "== 0")
    report.add("F7.replies_doubled", len(found.doubled), "replies", "== 0")
    report.add("F7.replies_disordered", len(found.disordered), "conversations", "== 0")


def _all(stage: Stage, scale: Scale) -> int:
    """Run both machines; how many found something."""
    plays = _opened(stage)
    examples = {Interleavings: RUNS[scale] - KILLED_RUNS[scale], KilledInterleavings: KILLED_RUNS[scale]}
    _counterexamples().unlink(missing_ok=True)
    found = [_tell(counterexample(machine, plays, examples=count, seeded=SEED)) for machine, count in examples.items()]
    return sum(found)


def _opened(stage: Stage) -> Callable[[], RealPlay]:
    """Opens the next account."""
    portals = itertools.count(FIRST_PORTAL)
    milestones = itertools.count(TELL_EVERY, TELL_EVERY)
    milestone = next(milestones)

    def opened() -> RealPlay:
        nonlocal milestone
        if stage.found.runs >= milestone:
            console.print(f"{milestone} interleavings", highlight=False)
            milestone = next(milestones)
        return RealPlay(stage, next(portals))

    return opened


def _tell(lines: Sequence[str]) -> bool:
    """Print a counter-example and keep it beside the report; whether there is one."""
    if lines:
        _counterexamples().parent.mkdir(parents=True, exist_ok=True)
        with _counterexamples().open("a") as file:
            file.write("\n".join([*lines, ""]))
        console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)
    return bool(lines)


def _counterexamples() -> Path:
    return reports_folder() / "install_interleavings.txt"


@contextmanager
def _stage(system: System) -> Iterator[Stage]:
    """What the examples are played on, on an event loop that turns while one of them does something."""
    kafka = system.addresses.kafka_bootstrap
    replicas = ("oauth", system.start_copy("oauth"))
    with asyncio.Runner() as runner:
        world = runner.run(_world(system, replicas))
        stream = TenantStream(kafka)
        yield Stage(system, runner, world, EventLog(kafka), stream, replicas, USER, Sum())
        runner.run(_close(world, stream))


async def _world(system: System, replicas: Sequence[str]) -> World:
    chert_url, http = system.url("chert"), client()
    for name, project_id in PROJECTS.items():
        project = {"slug": f"tenant-{name}", "project_id": project_id, "name": name, "user": USER}
        (await http.post(f"{chert_url}/control/tenants", json=project)).raise_for_status()
    hubspot = HubSpotControl(system.url("hubspot"))
    await hubspot.switch(push_uninstall=False, journal=False)  # so that a notice comes when an example says so
    producer = AIOKafkaProducer(bootstrap_servers=system.addresses.kafka_bootstrap, acks="all")
    await producer.start()
    return World(
        http=http,
        hubspot=hubspot,
        producer=producer,
        urls=[system.url(name) for name in replicas],
        credential=system.credentials.service_credentials["actions"],
        app_id=system.credentials.hubspot_app_id,
        projects=PROJECTS,
        admin=await Admin.sign_in(http, chert_url, USER),
    )


async def _close(world: World, stream: TenantStream) -> None:
    await stream.close()
    await world.producer.stop()
    await world.hubspot.close()
    await world.http.aclose()
