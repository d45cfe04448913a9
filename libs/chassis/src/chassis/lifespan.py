"""What every service's app has: a lifespan, failures in one form, health routes, the edge around it all."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from chassis import failures
from chassis.clock import Clock, SystemClock
from chassis.edge import Edge
from chassis.health import Health
from chassis.metrics import Metrics
from chassis.randomness import Randomness, SystemRandomness

_NO_TELEMETRY: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False}
"""FastAPI's own: the edge does all that, and FastAPI would look for providers with each request."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Plumbing:
    """The collaborators that every part of a process shares; a composition root makes one."""

    clock: Clock = field(default_factory=SystemClock)
    randomness: Randomness = field(default_factory=SystemRandomness)
    metrics: Metrics = field(default_factory=Metrics)
    health: Health = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "health", Health(self.clock, self.metrics))


def service_app(title: str, description: str, plumbing: Plumbing, lifespan: Lifespan) -> FastAPI:
    """An app with health routes, failure bodies and the edge; the caller adds its routers."""
    app = FastAPI(
        title=title,
        description=description,
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        telemetry=_NO_TELEMETRY,
    )
    app.state.health = plumbing.health  # `server.serve` ends the process when it trips
    failures.install(app)
    app.include_router(plumbing.health.router())
    app.add_middleware(
        Edge,
        clock=plumbing.clock,
        randomness=plumbing.randomness,
        metrics=plumbing.metrics,
    )
    return app
