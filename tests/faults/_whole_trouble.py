"""Everything that befalls the whole system: processes, backends and answers fail, time moves, strangers knock."""

import asyncio
import base64
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx2
from _whole_hostile import Stranger
from _whole_schedule import MOST_SKEW_SECONDS, SKEWED, Act
from _whole_stalls import Window
from aiokafka.errors import KafkaError
from pydantic import JsonValue
from rolling_restart import tell_newer

from contracts.internal import KeyReport
from harness.addresses import SERVICES
from harness.backends import Broker, Database
from harness.control import ChertControl, HubSpotControl
from harness.credentials import OPERATOR, write_private
from harness.errors import StartFailedError
from harness.operators import CommandFailedError, Operator
from harness.system import System
from harness.waiting import eventually, pace

OLDER: Final = "2026-03"
SLOW_MILLISECONDS: Final = 600
SPOILED: Final = 6
"""Answers that are spoiled at a time."""
STARTS: Final = 4
"""Times that a process is started before the run gives up: it may find Kafka away."""
PATIENCE_SECONDS: Final = 240.0
LONGEST_SKEW_SECONDS: Final = 12.0
TRACES_SHARE: Final = "0.2"
"""Which part of all traces is exported, for the search in them."""
PATHS: Final = {"hubspot": "/crm", "chert": "/api"}
SPOILS: Final[Mapping[str, Mapping[str, JsonValue]]] = {
    "error": {"kind": "status", "status": 502, "body": "<html>bad gateway</html>"},
    "broken": {"kind": "drop"},
    "late": {"kind": "drop", "after_write": True, "late_seconds": 3.0},
    "limited": {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
}


@dataclass
class Trouble:
    """What befell it, and what is left of it.

    Attributes:
        names: processes by replica, `oauth/2`.
        befell: how often each kind came to its end.
        windows: what befell whom, and from when until when.
        offset: by how much time has been moved, in seconds.
        failed: what could not be done, in words.
    """

    system: System
    names: Mapping[str, str]
    hubspot: HubSpotControl
    chert: ChertControl
    stranger: Stranger
    traces_url: str
    befell: dict[str, int] = field(default_factory=dict)
    windows: list[Window] = field(default_factory=list)
    offset: float = 0.0
    failed: list[str] = field(default_factory=list)
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)
    _keys: dict[str, str] = field(default_factory=dict)
    _skews: dict[str, float] = field(default_factory=dict)

    @classmethod
    async def of(
        cls, system: System, hubspot: HubSpotControl, chert: ChertControl, *, traces_url: str, witnesses: bool
    ) -> "Trouble":
        """None yet, for a system that gets a second process of each service, each with a sister of its own.

        It gets a third where witnesses are wanted, which nothing befalls: it is there from beginning to end.
        """
        names = {f"{service}/1": service for service in SERVICES}
        copies = [f"{service}/{number}" for number in ((2, 3) if witnesses else (2,)) for service in SERVICES]
        names |= {replica: f"{replica.partition('/')[0]}-{number + 2}" for number, replica in enumerate(copies)}
        keys = {"k1": base64.b64encode(system.credentials.sealing_key).decode()}
        trouble = cls(system, names, hubspot, chert, Stranger(system), traces_url, _keys=keys)
        await trouble.move_clocks()
        for replica, name in names.items():
            told = trouble.environment(replica)
            if name in SERVICES:
                system.set_environment(name, **told)
                await asyncio.to_thread(system.restart, name)
            else:
                await asyncio.to_thread(system.start_copy, replica.partition("/")[0], **told)
        await asyncio.to_thread(system.share_load)
        return trouble

    def environment(self, replica: str) -> dict[str, str]:
        """What a process is told beside its own: a collector, a clock that can go wrong, and which `oauth` it asks."""
        service, _, number = replica.partition("/")
        prefix = service.upper()
        told = {f"{prefix}_TRACES_URL": self.traces_url, f"{prefix}_TRACES_SHARE": TRACES_SHARE}
        if replica in SKEWED:
            told[f"{prefix}_CLOCK_FILE"] = str(_clock_of(self.system, replica))
        if number == "2" and service in {"actions", "timeline"}:
            told[f"{prefix}_OAUTH_URL"] = self.system.url(self.names["oauth/2"])
        return told

    async def befall(self, act: Act) -> None:
        """What is due, alone on its target."""
        kinds: dict[str, Callable[[Act], Awaitable[None]]] = {
            "kill": self._kill,
            "freeze": self._freeze,
            "restart": self._restart,
            "slow": self._slow,
            "answers": self._answers,
            "hostile": self._hostile,
            "jump": self._jump,
            "skew": self._skew,
            "newer": self._newer,
            "older": self._older,
            "rotate": self._rotate,
            "replay": self._replay,
        }
        async with self._locks.setdefault(act.target, asyncio.Lock()):
            began = time.monotonic()
            try:
                await kinds[act.kind](act)
            finally:
                self.windows.append(Window(act.kind, act.target, began, time.monotonic()))
        self.befell[act.kind] = self.befell.get(act.kind, 0) + 1

    async def end(self) -> None:
        """Everybody is there, nothing is spoiled any more."""
        for control, path in ((self.hubspot, PATHS["hubspot"]), (self.chert, PATHS["chert"])):
            await control.call_off_faults()
            await control.slow_down(path, 0)
        for name in self.names.values():
            if name not in self.system.processes:
                self.failed.append(f"{name} had ended by itself")
                await self._start(name)

    async def _kill(self, act: Act) -> None:
        if (server := self._server(act.target)) is not None:
            await asyncio.to_thread(server.kill)
            await pace(act.seconds)
            await asyncio.to_thread(server.restart)
            return
        name = self.names[act.target]
        if name in self.system.processes:
            await asyncio.to_thread(self.system.kill, name)
        await pace(act.seconds)
        await self._start(name)

    async def _freeze(self, act: Act) -> None:
        server = self._server(act.target)
        name = self.names.get(act.target, "")
        await asyncio.to_thread(server.pause if server else lambda: self.system.pause(name))
        await pace(act.seconds)
        await asyncio.to_thread(server.resume if server else lambda: self.system.resume(name))

    async def _restart(self, act: Act) -> None:
        name = self.names[act.target]
        await asyncio.to_thread(self.system.stop, name)
        await self._start(name)

    async def _start(self, name: str) -> None:
        for left in reversed(range(STARTS)):
            try:
                await asyncio.to_thread(self.system.start, name)
            except StartFailedError:
                if not left:
                    raise
                await asyncio.to_thread(self.system.stop, name)
            else:
                return

    async def _slow(self, act: Act) -> None:
        control, path = self._simulator(act.target)
        await control.slow_down(path, SLOW_MILLISECONDS)
        await pace(act.seconds)
        await control.slow_down(path, 0)

    async def _answers(self, act: Act) -> None:
        name, _, how = act.target.partition("/")
        control, path = self._simulator(name)
        await control.fault(path_prefix=path, count=SPOILED, **SPOILS[how])

    async def _hostile(self, act: Act) -> None:
        await self.stranger.knock(act.target, act.serial)

    async def _jump(self, act: Act) -> None:
        """The world's time moves on, and everybody's with it."""
        self.offset += act.seconds
        await self.move_clocks()

    async def _skew(self, act: Act) -> None:
        """One process has a wrong time for a while, early or late."""
        most = MOST_SKEW_SECONDS if act.serial % 2 else -MOST_SKEW_SECONDS
        self._skews[act.target] = most * act.seconds / LONGEST_SKEW_SECONDS
        await self.move_clocks()
        await pace(act.seconds)
        del self._skews[act.target]
        await self.move_clocks()

    async def move_clocks(self, speed: float = 1.0) -> None:
        """Every clock shows what it is to show now; those that can go wrong have a file of their own."""
        since = time.time()
        for replica in SKEWED:
            offset = self.offset + self._skews.get(replica, 0.0)
            content = {"offset_seconds": offset, "speed": speed, "since": since}
            write_private(_clock_of(self.system, replica), content)
        await self.system.move_clock(offset_seconds=self.offset, speed=speed)

    async def _newer(self, act: Act) -> None:
        """An event of a version that nobody here can read."""

        async def told() -> bool:
            try:
                await tell_newer(self.system)
            except KafkaError:
                return False
            return True

        await eventually(told, what=f"a newer {act.target} to be told", seconds=PATIENCE_SECONDS)

    async def _older(self, act: Act) -> None:
        """One process of two goes on in the older version of HubSpot's API."""
        service = act.target.partition("/")[0].upper()
        told = {**self.environment(act.target), f"{service}_HUBSPOT_API_VERSION": OLDER}
        self.system.set_environment(self.names[act.target], **told)
        await self._restart(act)

    async def _rotate(self, _: Act) -> None:
        """Seal with a new key, and take the old one away once nobody needs it."""
        old = next(reversed(self._keys))
        new = f"k{int(old[1:]) + 1}"
        self._keys[new] = base64.b64encode(secrets.token_bytes(32)).decode()
        write_private(self.system.files.key_ring, {"current": new, "keys": dict(self._keys)})
        await eventually(lambda: self._is_free(old), what=f"key {old} to be free", seconds=PATIENCE_SECONDS)
        del self._keys[old]
        write_private(self.system.files.key_ring, {"current": new, "keys": dict(self._keys)})

    async def _is_free(self, key_id: str) -> bool:
        await pace(1.0)
        headers = {"Authorization": f"Bearer {self.system.credentials.service_credentials[OPERATOR]}"}
        url = f"{self.system.url(self.names['oauth/1'])}/ops/keys"
        try:
            async with httpx2.AsyncClient(trust_env=False, timeout=5.0) as http:
                reports = [(await http.get(url, headers=headers)).raise_for_status() for _ in range(2)]
        except (httpx2.TransportError, httpx2.HTTPStatusError):
            return False
        return all(key_id in KeyReport.model_validate_json(one.content).free for one in reports)

    async def _replay(self, act: Act) -> None:
        """An operator replays the whole topic, and comes again if something is away."""
        operator = Operator.of(self.system, f"replayer-{act.serial}")

        async def replayed() -> bool:
            try:
                await asyncio.to_thread(operator.call, "replay", "topic", act.target, "--all", "--yes")
            except CommandFailedError:
                await pace(2.0)
                return False
            return True

        await eventually(replayed, what="a replay to go through", seconds=PATIENCE_SECONDS)

    def _server(self, target: str) -> Broker | Database | None:
        servers: dict[str, Broker | Database] = {"kafka": self.system.kafka, "database": self.system.database}
        return servers.get(target)

    def _simulator(self, name: str) -> tuple[HubSpotControl | ChertControl, str]:
        return (self.hubspot if name == "hubspot" else self.chert), PATHS[name]


def _clock_of(system: System, replica: str) -> Path:
    return system.files.folder / "clocks" / f"{replica.replace('/', '-')}.json"
