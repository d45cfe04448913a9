"""The HTTP edge: three routes, each a raw body under a signature."""

from collections import Counter
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request
from pydantic import BaseModel

from chassis.failures import Refusal, unavailable
from chassis.kafka import BrokerAwayError
from chassis.logging import get_log
from chassis.metrics import Metrics
from contracts.failures import Code, Failure
from webhooks.errors import UnauthenticDeliveryError, UnreadableDeliveryError
from webhooks.models import Delivery, Receipt

LOG = get_log()

Receive = Callable[[Delivery], Awaitable[Receipt]]
"""A handler with its collaborators."""

_CODES = {
    "missing_signature": Code.NO_CREDENTIALS,
    "missing_timestamp": Code.NO_CREDENTIALS,
    "stale": Code.TIMESTAMP_SKEW,
}
_REFUSALS: dict[int | str, dict[str, object]] = {
    400: {"model": Failure, "description": "Not a delivery"},
    401: {"model": Failure, "description": "Not authentic; `reason` says why"},
    413: {"model": Failure, "description": "Over 1 MiB"},
    503: {"model": Failure, "description": "Not stored; send it again"},
}


class Accepted(BaseModel):
    """Every event of the delivery is durable or was not for us."""

    ok: bool = True
    accepted: int
    rejected: int
    ignored: int


def router(hubspot: Receive, chert: Receive, *, public_base_url: str, metrics: Metrics) -> APIRouter:
    """The routes of `architecture.md`, section 4 (webhooks)."""
    routes = APIRouter(tags=["ingress"])
    base = public_base_url.rstrip("/")

    @routes.post("/api/hubspot/uninstall", summary="HubSpot: the app was uninstalled", responses=_REFUSALS)
    async def receive_uninstall(request: Request) -> Accepted:
        return await _take("uninstall", request, base, hubspot, metrics)

    @routes.post("/api/hubspot/webhook", summary="HubSpot: contacts changed", responses=_REFUSALS)
    async def receive_contact_events(request: Request) -> Accepted:
        return await _take("hubspot", request, base, hubspot, metrics)

    @routes.post("/api/chert/webhook", summary="Chert: a message was received", responses=_REFUSALS)
    async def receive_message(request: Request) -> Accepted:
        return await _take("chert", request, base, chert, metrics)

    return routes


async def _take(route: str, request: Request, base: str, receive: Receive, metrics: Metrics) -> Accepted:
    try:
        receipt = await receive(await _delivery(request, base))
    except UnauthenticDeliveryError as error:
        LOG.warning("delivery.refused", route=route, reason=error.reason)
        metrics.count("deliveries", route=route, outcome="unauthentic")
        code = _CODES.get(error.reason, Code.BAD_SIGNATURE)
        raise Refusal(code, "the signature does not hold", reason=error.reason) from None
    except UnreadableDeliveryError as error:
        metrics.count("deliveries", route=route, outcome="unreadable")
        raise Refusal(Code.INVALID_JSON if error.broken_json else Code.INVALID_FIELD, str(error)) from None
    except BrokerAwayError:
        metrics.count("deliveries", route=route, outcome="not_stored")
        raise unavailable("storage") from None
    _tell(route, receipt, metrics)
    return Accepted(accepted=receipt.accepted, rejected=receipt.rejected, ignored=receipt.ignored)


def _tell(route: str, receipt: Receipt, metrics: Metrics) -> None:
    counts = {"accepted": receipt.accepted, "rejected": receipt.rejected, "ignored": receipt.ignored}
    for outcome, count in counts.items():
        if count:
            metrics.count("deliveries", count, route=route, outcome=outcome)
    LOG.info("delivery.accepted", route=route, **counts)


async def _delivery(request: Request, base: str) -> Delivery:
    path, query = request.scope["raw_path"].decode("latin-1"), request.scope["query_string"].decode("latin-1")
    times = Counter(name for name, _ in request.scope["headers"])
    return Delivery(
        method=request.method,
        url=f"{base}{path}?{query}" if query else base + path,
        headers={
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in request.scope["headers"]
            if times[name] == 1
        },
        body=await request.body(),
    )
