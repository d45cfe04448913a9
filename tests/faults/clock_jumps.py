"""The clocks of all services jump by ten minutes, forward and back, while HubSpot's and Chert's go on.

A signature holds within five minutes alone: calls from outside that are refused then are made when the clocks agree
again. Steps that wait for a reply are ended by a timer: by each one time, though the clock passes the moment twice.
Leases are counted by the monotonic clock: no jump ends one, so that a lane or a send never has two holders.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from _sends_and_replies import DRAIN_SECONDS, Load
from _workflow_world import FINAL, Enrolment, Execution, World, http_client

from harness.addresses import SERVICES
from harness.control import ChertControl, HubSpotControl
from harness.credentials import write_private
from harness.own_systems import own_system
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import eventually, pace

JUMPS: Final = (600.0, 0.0, -600.0, 0.0, 240.0, -240.0, 0.0)
"""By how much the services' clocks are ahead of the world's, one after the other, in seconds."""
OUTSIDE: Final = 300.0
"""Past which no signature holds (hubspot-contract.md, section 2; chert-contract.md, section 14)."""
ROUNDS: Final = {Scale.QUICK: 1, Scale.FULL: 10}
EACH: Final = 20
"""Contacts that are enrolled while the clocks stand so."""
WAITING: Final = 40
"""Steps that wait for a reply which never comes."""
HOURS: Final = 3_600.0
STEP: Final = {"after_sending": "wait_for_reply", "reply_days": "1"}
SPEED: Final = 20.0
UNAVAILABLE: Final = 503


class Clocks:
    """Two clocks: the services', and the world's."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._services: Path = system.files.folder / "services-clock.json"
        self._offset = 0.0

    async def apart(self) -> None:
        """Let the services go by a clock of their own from now on."""
        self._write(0.0, 1.0)
        for service in SERVICES:
            self._system.set_environment(service, **{f"{service.upper()}_CLOCK_FILE": str(self._services)})
            await asyncio.to_thread(self._system.restart, service)

    async def ahead(self, seconds: float) -> None:
        """Let the services' clock be ahead of the world's by so much."""
        self._write(seconds, 1.0)
        await self._system.move_clock(offset_seconds=self._offset)

    async def on(self, seconds: float, *, ahead: float = 0.0) -> None:
        """Move both on."""
        self._offset += seconds
        await self.ahead(ahead)

    async def fast(self) -> None:
        """Both run fast, and agree."""
        self._write(0.0, SPEED)
        await self._system.move_clock(offset_seconds=self._offset, speed=SPEED)

    def _write(self, ahead: float, speed: float) -> None:
        content = {"offset_seconds": self._offset + ahead, "speed": speed, "since": time.time()}
        write_private(self._services, content)


def main(scale: Scale) -> Report:
    """Jump, and count."""
    report = Report("clock_jumps", scale)
    with own_system("clock_jumps") as system:
        asyncio.run(_measure(system, report, ROUNDS[scale]))
    return report


async def _measure(system: System, report: Report, rounds: int) -> None:
    hubspot, chert, clocks = HubSpotControl(system.url("hubspot")), ChertControl(system.url("chert")), Clocks(system)
    await clocks.apart()
    first: Counter[tuple[bool, int | None]] = Counter()
    async with http_client() as http:
        world = await World.open(system, http, 1)
        load = Load(world, chert, await world.enrolments(EACH * len(JUMPS) * rounds), pace_seconds=0.05)
        for ahead in JUMPS * rounds:
            await clocks.ahead(ahead)
            first += await _enrol(load, outside=abs(ahead) > OUTSIDE)
        timed = await _timers(world, clocks)
        await clocks.fast()
        await load.done(hubspot, seconds=DRAIN_SECONDS)
        judged = await load.judge(hubspot)
        statuses = await load.statuses()
    await hubspot.close()
    await chert.close()
    taken = sum(system.files.log(name).read_text().count('"lane.taken"') for name in SERVICES)
    judged.add_to(report, "F14", rounds * EACH * len(JUMPS))
    report.add("F14.jumps", rounds * len(JUMPS), "of the services' clocks", f">= {rounds * len(JUMPS)}")
    outside = {status: count for (far, status), count in first.items() if far}
    inside = {status: count for (far, status), count in first.items() if not far}
    report.add(
        "F14.refused_outside", outside.get(UNAVAILABLE, 0), "first calls with a 503", f"== {sum(outside.values())}"
    )
    report.add("F14.refused_inside", sum(inside.values()) - inside.get(200, 0), "first calls", "== 0")
    report.add("F14.server_errors", statuses[500], "answers that are bugs", "== 0")
    ended = [sum(one.applied for one in execution.block.completions) for execution in timed]
    report.add("F14.timers", len(timed), "steps that a timer ends", f">= {WAITING}")
    report.add("F14.never_fired", ended.count(0), "steps", "== 0")
    again = sum(max(0, len(execution.block.completions) - 1) for execution in timed)
    report.add("F14.fired_twice", again, "times that HubSpot was told once more", "== 0")
    report.add("F14.leases_broken", taken, "leases that were ended while their holder lived", "== 0")


async def _enrol(load: Load, *, outside: bool) -> Counter[tuple[bool, int | None]]:
    """Enrol some, each with an answer; how HubSpot's first calls were answered."""
    chosen: Sequence[Enrolment] = load.contacts[len(load.enrolled) : len(load.enrolled) + EACH]
    known = {one.callback_id for one in await load.world.executions()}
    for contact in chosen:
        load.enrolled.append(contact)
        await load.world.enrol([contact])
        reply = await load.chert.reply(load.world.slug, contact.phone, f"Answer of {contact.text}.")
        load.said[reply.event_id] = reply.text
        await pace(load.pace_seconds)
    new = [one for one in await load.world.executions() if one.callback_id not in known]
    return Counter((outside, one.attempts[0].status) for one in new)


async def _timers(world: World, clocks: Clocks) -> list[Execution]:
    """Steps wait a day; the services' clock goes past its end, back before it, and past it again."""
    enrolments = await world.enrolments(WAITING, first=90_000, inputs=[STEP])
    callbacks = set(await world.enrol(enrolments))
    await clocks.on(24 * HOURS - 300.0)
    for ahead in (600.0, -600.0, 0.0):
        await clocks.ahead(ahead)
        await pace(3.0)
    await clocks.on(HOURS / 4, ahead=600.0)
    await pace(3.0)
    await clocks.on(HOURS / 2)  # ahead of Chert's clock they could not ask Chert whether a reply came, and waited

    async def ended() -> list[Execution] | None:
        found = [one for one in await world.executions() if one.callback_id in callbacks]
        return found if all(one.outcome in FINAL for one in found) else None

    found = await eventually(ended, what="every step to end", seconds=DRAIN_SECONDS)
    for ahead in (-600.0, 600.0, 0.0):
        await clocks.ahead(ahead)
        await pace(3.0)
    return [one for one in await world.executions() if one.callback_id in {each.callback_id for each in found}]
