"""`/livez`, `/readyz`, `/metrics`: is this process able to work, and what is it missing.

`/livez` fails only when one of our own loops has ended or stands still, so that a restart can help; never because
a broker, a database or a sister service is away. `/readyz` names each dependency that does not answer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from chassis.clock import Clock
from chassis.metrics import Metrics

Check = Callable[[], Awaitable[None]]
"""Raises when the dependency is away; the error's class name is shown, never its text but for an `UnfitError`'s."""

Watch = Callable[[], str | None]
"""Says what is wrong with something of our own, or nothing."""


class UnfitError(Exception):
    """A dependency is there and cannot be used as it is; the text says what to change, and holds no secret."""


CHECK_SECONDS = 2.0
"""The longest a readiness check may take."""


@dataclass
class Heartbeat:
    """The sign of life of one loop.

    Attributes:
        name: which loop.
        interval: seconds within which it normally moves; twice that is too long.
    """

    name: str
    interval: float
    clock: Clock

    def __post_init__(self) -> None:
        self._beat_at = self.clock.monotonic()
        self._resting = False
        self._task: asyncio.Task[object] | None = None

    def beat(self) -> None:
        """Say that the loop moved."""
        self._beat_at = self.clock.monotonic()
        self._resting = False

    def rest(self) -> None:
        """Say that there is nothing to do, for as long as it takes; the next beat ends it."""
        self._resting = True

    def attach(self, task: "asyncio.Task[object]") -> None:
        """Say which task runs the loop, so that its end is noticed at once."""
        self._task = task

    def trouble(self) -> str | None:
        """What is wrong with the loop, or nothing."""
        if self._task is not None and self._task.done():
            return "ended"
        if self._resting:
            return None
        still = self.clock.monotonic() - self._beat_at
        return f"has not moved for {still:.0f} s" if still > 2 * self.interval else None


class Health:
    """What a process watches in itself, and what it depends on."""

    def __init__(self, clock: Clock, metrics: Metrics, check_seconds: float = CHECK_SECONDS) -> None:
        self._clock, self._metrics, self._check_seconds = clock, metrics, check_seconds
        self._watched: dict[str, Watch] = {}
        self._checks: dict[str, Check] = {}
        self._stopping = False
        self._when_tripped: list[Callable[[], None]] = []
        self.tripped: str | None = None

    def heartbeat(self, name: str, interval: float) -> Heartbeat:
        """Watch a loop; it calls `beat` on the result at least every `interval` seconds."""
        heartbeat = Heartbeat(name, interval, self._clock)
        self.watch(name, heartbeat.trouble)
        return heartbeat

    def watch(self, name: str, trouble: Watch) -> None:
        """Watch something of our own that can end or stand still."""
        self._watched[name] = trouble

    def trip(self, why: str) -> None:
        """Stop the process, loudly: going on would do harm. `server.serve` ends it with a failure."""
        if self.tripped is None:
            self.tripped = why
            for stop in self._when_tripped:
                stop()

    def when_tripped(self, stop: Callable[[], None]) -> None:
        """Call this when the process has to stop."""
        self._when_tripped.append(stop)

    def depends_on(self, name: str, check: Check) -> None:
        """Name a dependency that readiness needs."""
        self._checks[name] = check

    def stopping(self) -> None:
        """Answer `/readyz` with 503 from now on: no new work, please."""
        self._stopping = True

    def trouble(self) -> dict[str, str]:
        """Loops that ended or stand still, with what is wrong."""
        found = {name: trouble() for name, trouble in self._watched.items()} | {"process": self.tripped}
        return {name: trouble for name, trouble in found.items() if trouble is not None}

    async def missing(self) -> dict[str, str]:
        """Dependencies that do not answer, with the kind of error."""
        if self._stopping:
            return {"service": "stopping"}
        names = list(self._checks)
        results = await asyncio.gather(*(self._try(self._checks[name]) for name in names))
        return {name: result for name, result in zip(names, results, strict=True) if result is not None}

    async def _try(self, check: Check) -> str | None:
        try:
            async with asyncio.timeout(self._check_seconds):
                await check()
        except UnfitError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - whatever a dependency raises, it is not ready
            return type(error).__name__
        return None

    def router(self) -> APIRouter:
        """The three routes."""
        router = APIRouter(tags=["health"])
        router.add_api_route("/livez", self._livez, summary="Whether this process can go on", responses=_SICK)
        router.add_api_route("/readyz", self._readyz, summary="Whether it can take work now", responses=_SICK)
        router.add_api_route("/metrics", self._exposition, summary="Prometheus metrics", response_class=Response)
        return router

    async def _livez(self) -> JSONResponse:
        trouble = self.trouble()
        return JSONResponse({"live": not trouble, "trouble": trouble}, status_code=503 if trouble else 200)

    async def _readyz(self) -> JSONResponse:
        missing = await self.missing()
        return JSONResponse({"ready": not missing, "missing": missing}, status_code=503 if missing else 200)

    async def _exposition(self) -> Response:
        return Response(self._metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")


_SICK: dict[int | str, dict[str, object]] = {503: {"description": "Not now; the body says why"}}
