"""The part of the control API that both simulators share: requests, latency, faults, health."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from simulators.faults import Fault, FaultKind, FaultPlan
from simulators.recording import Recorder

MAX_LISTED = 10_000


class RequestView(BaseModel):
    """One received request."""

    model_config = ConfigDict(from_attributes=True)

    seq: int = Field(description="grows by one with each request; never reused")
    at: float = Field(description="Unix seconds by the simulator's clock")
    received_at: float = Field(description="Unix seconds by the machine's clock, which no clock file moves")
    method: str
    path: str
    query: str
    headers: dict[str, str] = Field(description="lower-case names; secrets masked")
    body: str = Field(description="text; the secret fields of a form are masked")
    status: int | None = Field(description="the answer's status; null when none was sent")


class RequestList(BaseModel):
    """Received requests, oldest first."""

    requests: list[RequestView]
    last_seq: int = Field(description="of the latest request of all, whether it is listed or not")


class LatencyOrder(BaseModel):
    """A delay for every request under a path prefix; the longest prefix decides, 0 ends it."""

    path_prefix: str = "/"
    milliseconds: int = Field(ge=0, le=600_000)


class FaultOrder(BaseModel):
    """A fault for the next `count` requests of this method and path prefix."""

    method: str | None = Field(default=None, description="any method when absent")
    path_prefix: str
    kind: FaultKind
    status: int = Field(default=500, ge=200, le=599, description="for kind status")
    body: str = Field(default="", max_length=1_000_000, description="for kind status; sent as it is")
    headers: dict[str, str] = Field(default_factory=dict, description="for kind status; JSON by default")
    count: int = Field(default=1, ge=1, le=1_000_000)
    after_write: bool = Field(default=False, description="the request takes effect all the same, its answer is lost")
    exact: bool = Field(default=False, description="that path alone, none that only begins with it")
    late_seconds: float = Field(
        default=0.0, ge=0, le=600, description="with after_write: it takes effect so much later"
    )

    def to_fault(self) -> Fault:
        """The order as the plan keeps it."""
        return Fault(**self.model_dump())


class Held(BaseModel):
    """How many requests wait to be let go."""

    held: int


class Health(BaseModel):
    """The simulator is up."""

    status: Literal["ok"] = "ok"


async def _recorder_of(request: Request) -> Recorder:
    recorder: Recorder = request.app.state.recorder
    return recorder


async def _faults_of(request: Request) -> FaultPlan:
    faults: FaultPlan = request.app.state.faults
    return faults


RecorderDep = Annotated[Recorder, Depends(_recorder_of)]
FaultsDep = Annotated[FaultPlan, Depends(_faults_of)]

router = APIRouter(prefix="/control", tags=["requests and faults"])


@router.get("/requests")
async def list_requests(
    recorder: RecorderDep,
    path_prefix: str = "/",
    since: Annotated[int, Query(description="only requests with a greater seq")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = 1_000,
) -> RequestList:
    """What was received, oldest first; the ring keeps the last 10,000."""
    found = recorder.matching(path_prefix=path_prefix, since=since, limit=limit)
    listed = [RequestView.model_validate(request) for request in found]
    return RequestList(requests=listed, last_seq=recorder.last_seq)


@router.post("/latency", status_code=204, response_class=Response)
async def set_latency(order: LatencyOrder, faults: FaultsDep) -> None:
    """Make every answer under a path prefix slower."""
    faults.set_latency(order.path_prefix, order.milliseconds / 1000)


@router.post("/faults", status_code=204, response_class=Response)
async def order_fault(order: FaultOrder, faults: FaultsDep) -> None:
    """Let the next matching requests fail; faults are used up in the order they came."""
    faults.order(order.to_fault())


@router.delete("/faults", status_code=204, response_class=Response)
async def call_off_faults(faults: FaultsDep) -> None:
    """Call off every fault that has not happened yet."""
    faults.clear_faults()


@router.get("/holds")
async def count_held(faults: FaultsDep) -> Held:
    """How many requests a fault of kind `hold` keeps waiting now."""
    return Held(held=faults.held)


@router.delete("/holds", status_code=204, response_class=Response)
async def let_go(faults: FaultsDep) -> None:
    """Let every held request go on, and call off the holds that hit none yet."""
    faults.let_go()


@router.get("/health")
async def health() -> Health:
    """Answers when the simulator is up."""
    return Health()
