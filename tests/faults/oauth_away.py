"""`oauth` away for twenty minutes of simulated time, while workflows send and leads answer.

Access tokens have a quarter of an hour left when it goes: sends and replies go on with what is cached, then replies
wait, and go out when it is back. Nothing is lost and nobody is taken for disconnected.
"""

import asyncio
import time
from typing import Final

from _sends_and_replies import DRAIN_SECONDS, Load
from _workflow_world import World, http_client

from contracts.topics import TENANT_UNINSTALLED
from harness.control import ChertControl, HubSpotControl
from harness.event_log import EventLog
from harness.own_systems import own_system
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import eventually, pace

TIMES: Final = {Scale.QUICK: 1, Scale.FULL: 5}
LEFT_SECONDS: Final = 900.0
"""What tokens have left when `oauth` goes; HubSpot gives them 1,800 s (hubspot-contract.md, section 1.2)."""
TOKEN_SECONDS: Final = 1_800.0
AWAY_SECONDS: Final = 1_200.0
SPEED: Final = 30.0
WARM_SECONDS: Final = 10.0
PACE_SECONDS: Final = 0.25
BACK_SPEED: Final = 10.0
"""How fast time runs after its return."""
LOOK_SECONDS: Final = 0.5
STALL_SECONDS: Final = 360.0
"""By when all that waited is written, in simulated time: an account's breaker rests for five minutes at most."""


def main(scale: Scale) -> Report:
    """Take `oauth` away, and count."""
    report = Report("oauth_away", scale)
    with own_system("oauth_away") as system:
        asyncio.run(_measure(system, report, TIMES[scale]))
    return report


async def _measure(system: System, report: Report, times: int) -> None:
    hubspot, chert = HubSpotControl(system.url("hubspot")), ChertControl(system.url("chert"))
    seen = Seen(system, hubspot)
    async with http_client() as http:
        world = await World.open(system, http, 1)
        load = Load(world, chert, await world.enrolments(times * 500), pace_seconds=PACE_SECONDS)
        async with load.under_way():
            for _ in range(times):
                await seen.absence(load)
        await load.drain(system, hubspot, offset_seconds=seen.offset, speed=SPEED)
        judged = await load.judge(hubspot)
    gone = await EventLog(system.addresses.kafka_bootstrap).all(TENANT_UNINSTALLED)
    await hubspot.close()
    await chert.close()
    judged.add_to(report, "F13", times * 100)
    report.add("F13.sent_while_away", seen.sent, "messages", ">= 10")
    report.add("F13.written_while_away", seen.written, "replies, with cached tokens", ">= 10")
    report.add("F13.waited", seen.waited, "replies that waited for its return", ">= 10")
    report.add("F13.disconnected", len(gone), "accounts", "== 0")
    report.add(
        "F13.stall_max_s",
        seen.stall,
        "s of simulated time from its return to the last that waited",
        f"<= {STALL_SECONDS:g}",
    )


class Seen:
    """What went on while `oauth` was away."""

    def __init__(self, system: System, hubspot: HubSpotControl) -> None:
        self._system, self._hubspot = system, hubspot
        self.offset = 0.0
        self.sent = self.written = self.waited = 0
        self.stall = 0.0

    async def absence(self, load: Load) -> None:
        """Let tokens be fetched and grow old, and `oauth` be away for longer than they live."""
        await self._jump(TOKEN_SECONDS)
        await pace(WARM_SECONDS)
        await self._jump(TOKEN_SECONDS - LEFT_SECONDS)
        await asyncio.to_thread(self._system.stop, "oauth")
        sent, written = await self._sent(load), await self._written(load)
        await self._system.move_clock(offset_seconds=self.offset, speed=SPEED)
        await pace(AWAY_SECONDS / SPEED)
        self.sent += await self._sent(load) - sent
        self.written += await self._written(load) - written
        waiting = await self._missing(list(load.said.values()))
        self.waited += len(waiting)
        await asyncio.to_thread(self._system.start, "oauth")
        await self._agree(BACK_SPEED)
        back = self._system.now()
        await eventually(lambda: self._all_there(waiting), what="the replies that waited", seconds=DRAIN_SECONDS)
        self.stall = max(self.stall, self._system.now() - back)
        await self._agree(1.0)

    async def _agree(self, speed: float) -> None:
        """From now on time runs so fast, from where it has come to."""
        self.offset = self._system.now() - time.time()
        await self._system.move_clock(offset_seconds=self.offset, speed=speed)

    async def _all_there(self, texts: list[str]) -> bool:
        await pace(LOOK_SECONDS)
        return not await self._missing(texts)

    async def _jump(self, seconds: float) -> None:
        self.offset += seconds
        await self._system.move_clock(offset_seconds=self.offset)

    async def _sent(self, load: Load) -> int:
        return sum((await load.world.sent()).values())

    async def _written(self, load: Load) -> int:
        return len(load.said) - len(await self._missing(list(load.said.values())))

    async def _missing(self, texts: list[str]) -> list[str]:
        """Which of these are on no timeline yet."""
        bodies = [one.body for one in await self._hubspot.logged()]
        return [text for text in texts if not any(text in body for body in bodies)]
