"""The simulated Chert as one object, and how a route gets hold of it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from simulators.chert.sessions import Sessions
from simulators.chert.state import State
from simulators.chert.webhooks import WebhookSender
from simulators.clock import Clock
from simulators.faults import FaultPlan
from simulators.recording import Recorder


@dataclass(frozen=True, slots=True)
class ChertSimulator:
    """State and collaborators of one running simulator."""

    clock: Clock
    state: State
    webhooks: WebhookSender
    sessions: Sessions
    recorder: Recorder
    faults: FaultPlan
    signing_secret: str


async def simulator_of(request: Request) -> ChertSimulator:
    """The simulator that serves this request."""
    chert: ChertSimulator = request.app.state.chert
    return chert


Chert = Annotated[ChertSimulator, Depends(simulator_of)]
