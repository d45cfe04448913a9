"""A panel to make this HubSpot fail on purpose: what people may try while they look at the product."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from simulators.faults import Fault, FaultKind
from simulators.hubspot.simulator import SimulatorDep
from simulators.hubspot.templating import page

MAX_COUNT = 1_000
MAX_MILLISECONDS = 60_000
MAX_LATE_SECONDS = 600
RATE_LIMITED = (
    '{"status":"error","message":"You have reached your ten_secondly_rolling limit.","errorType":"RATE_LIMIT",'
    '"policyName":"TEN_SECONDLY_ROLLING"}'
)
FAULTY = '{"status":"error","message":"Something went wrong","category":"INTERNAL_ERROR"}'


class Trouble(StrEnum):
    """What can go wrong."""

    RATE_LIMIT = "rate_limit"
    SERVER_ERROR = "server_error"
    LATE_COMMIT = "late_commit"
    BROKEN = "broken"
    SILENT = "silent"


class Where(StrEnum):
    """Which calls of the app suffer."""

    CRM = "/crm"
    TIMELINE = "/crm/objects/2026-09/communications"
    OAUTH = "/oauth"
    CALLBACKS = "/automation"
    CARD = "/card-proxy"


@dataclass(frozen=True, slots=True)
class Effect:
    """One trouble as the plan keeps it, and in words."""

    words: str
    kind: FaultKind
    status: int = 500
    body: str = ""
    after_write: bool = False


TROUBLES: Mapping[Trouble, Effect] = {
    Trouble.RATE_LIMIT: Effect("answered 429, too many calls", FaultKind.STATUS, 429, RATE_LIMITED),
    Trouble.SERVER_ERROR: Effect("answered 502, and nothing happens", FaultKind.STATUS, 502, FAULTY),
    Trouble.LATE_COMMIT: Effect("answered 504, but they happen", FaultKind.STATUS, 504, FAULTY, after_write=True),
    Trouble.BROKEN: Effect("cut off without an answer, but they happen", FaultKind.DROP, after_write=True),
    Trouble.SILENT: Effect("never answered, but they happen", FaultKind.HANG, after_write=True),
}
PLACES: Mapping[Where, str] = {
    Where.CRM: "records and the timeline",
    Where.TIMELINE: "the timeline alone",
    Where.OAUTH: "tokens",
    Where.CALLBACKS: "waiting workflow steps",
    Where.CARD: "the card",
}

router = APIRouter(prefix="/faults")


@router.get("")
async def show_faults(request: Request, simulator: SimulatorDep) -> Response:
    """What can be made to fail, and what is still to happen."""
    return page(
        request,
        "faults.html",
        troubles=TROUBLES,
        places=PLACES,
        pending=[_words(fault) for fault in simulator.faults.pending],
        latency=round(simulator.faults.latency(Where.CRM) * 1000),
        portals=[portal for portal in simulator.world.portals.values() if portal.install is not None],
    )


@router.post("")
async def order(
    trouble: Annotated[Trouble, Form()],
    where: Annotated[Where, Form()],
    count: Annotated[int, Form(ge=1, le=MAX_COUNT)],
    simulator: SimulatorDep,
    late_seconds: Annotated[float, Form(ge=0, le=MAX_LATE_SECONDS)] = 0,
) -> Response:
    """Let the next calls fail; what happens all the same happens so many seconds later."""
    effect = TROUBLES[trouble]
    fault = Fault(where, effect.kind, count, status=effect.status, body=effect.body, after_write=effect.after_write)
    fault.late_seconds = late_seconds if effect.after_write else 0.0
    simulator.faults.order(fault)
    return _back()


@router.post("/latency")
async def slow_down(milliseconds: Annotated[int, Form(ge=0, le=MAX_MILLISECONDS)], simulator: SimulatorDep) -> Response:
    """Make every call of the app and its card slower; 0 ends it."""
    for where in Where:
        simulator.faults.set_latency(where, milliseconds / 1000)
    return _back()


@router.post("/revoke")
async def revoke(portal_id: Annotated[int, Form()], simulator: SimulatorDep) -> Response:
    """End the app's grant of an account without telling it."""
    simulator.grants.revoke_all(simulator.world.portal(portal_id))
    return _back()


@router.post("/clear")
async def clear(simulator: SimulatorDep) -> Response:
    """Call off what is still to happen, slowness included."""
    simulator.faults.clear()
    return _back()


def _words(fault: Fault) -> str:
    """A fault that is still to happen, also one that the control API ordered."""
    place = next((words for where, words in PLACES.items() if where == fault.path_prefix), fault.path_prefix)
    known = (one.words for one in TROUBLES.values() if _is(one, fault))
    trouble = next(known, f"{fault.kind} {fault.status}" if fault.kind is FaultKind.STATUS else str(fault.kind))
    late = f", {fault.late_seconds:g} s later" if fault.late_seconds else ""
    calls = "call" if fault.count == 1 else "calls"
    return f"{fault.count} {fault.method or ''} {calls} of {place}: {trouble}{late}".replace("  ", " ")


def _is(effect: Effect, fault: Fault) -> bool:
    return (effect.kind, effect.after_write) == (fault.kind, fault.after_write) and (
        fault.kind is not FaultKind.STATUS or effect.status == fault.status
    )


def _back() -> Response:
    return RedirectResponse("/faults", 303)
