"""The journal's routes: subscriptions, where the pages are, and the pages' files (contract 3.3).

They are called with the app's own token and count on nobody's limit.
"""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from simulators.hubspot.access import app_calling
from simulators.hubspot.errors import ApiError, Json
from simulators.hubspot.journal import Page, Subscription
from simulators.hubspot.simulator import Simulator, SimulatorDep
from simulators.hubspot.timestamps import to_iso

READ = "developer.webhooks_journal.read"
SUBSCRIPTIONS_READ = "developer.webhooks_journal.subscriptions.read"
SUBSCRIPTIONS_WRITE = "developer.webhooks_journal.subscriptions.write"
FILES_PATH = "/webhooks-journal-files"


async def _open(simulator: SimulatorDep) -> None:
    if not simulator.world.switches.journal:
        raise ApiError(503, "SERVICE_UNAVAILABLE", "The journal is not available")


subscriptions_router = APIRouter(dependencies=[Depends(_open)])
journal_router = APIRouter(dependencies=[Depends(_open), Depends(app_calling(READ))])
files_router = APIRouter(prefix=FILES_PATH, dependencies=[Depends(_open)])


class SubscriptionOrder(BaseModel):
    """What to write down; this HubSpot knows the events of an app's installs alone."""

    subscription_type: Literal["APP_LIFECYCLE_EVENT"] = Field(alias="subscriptionType")
    event_type_id: Literal["4-1909196", "4-1916193"] = Field(alias="eventTypeId")
    properties: list[str] = Field(default_factory=list)


@subscriptions_router.post("", dependencies=[Depends(app_calling(SUBSCRIPTIONS_WRITE))])
async def subscribe(order: SubscriptionOrder, simulator: SimulatorDep) -> Response:
    """Write a kind of event down from now on; a second time it is a conflict."""
    return JSONResponse(_shown(simulator.journal.subscribe(order.event_type_id)), 201)


@subscriptions_router.get("", dependencies=[Depends(app_calling(SUBSCRIPTIONS_READ))])
async def list_subscriptions(simulator: SimulatorDep) -> Response:
    """What is written down."""
    return JSONResponse({"results": [_shown(one) for one in simulator.journal.subscriptions]})


@journal_router.get("/earliest")
async def earliest(request: Request, simulator: SimulatorDep) -> Response:
    """Where the oldest page is that is kept."""
    return _place(request, simulator, simulator.journal.earliest())


@journal_router.get("/latest")
async def latest(request: Request, simulator: SimulatorDep) -> Response:
    """Where the newest page is."""
    return _place(request, simulator, simulator.journal.latest())


@journal_router.get("/offset/{offset}/next")
async def after(offset: str, request: Request, simulator: SimulatorDep) -> Response:
    """Where the page after an offset is."""
    return _place(request, simulator, simulator.journal.after(offset))


@files_router.get("/{offset}")
async def read_file(
    offset: str,
    request: Request,
    simulator: SimulatorDep,
    expires: Annotated[int, Query()],
    token: Annotated[str, Query()],
) -> Response:
    """A page's file, for whoever has the link; a second authority beside it is refused, as file stores do."""
    if "authorization" in request.headers:
        raise ApiError(400, "VALIDATION_ERROR", "Only one authentication mechanism is allowed")
    simulator.file_links.check(offset, expires, token)
    return JSONResponse(simulator.journal.find(offset).file())


def _place(request: Request, simulator: Simulator, page: Page | None) -> Response:
    if page is None:
        return Response(status_code=204)
    expires = simulator.file_links.expiry()
    query = urlencode({"expires": expires, "token": simulator.file_links.token(page.offset, expires)})
    url = f"{str(request.base_url).rstrip('/')}{FILES_PATH}/{page.offset}?{query}"
    return JSONResponse({"currentOffset": page.offset, "expiresAt": to_iso(expires), "url": url})


def _shown(subscription: Subscription) -> Json:
    return {
        "id": subscription.subscription_id,
        "subscriptionType": "APP_LIFECYCLE_EVENT",
        "eventTypeId": subscription.event_type_id,
        "properties": [],
        "createdAt": to_iso(subscription.created_at),
    }
