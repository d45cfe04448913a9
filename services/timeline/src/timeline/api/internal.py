"""The HTTP edge: what sister services and operators ask; nothing here is reachable through the gateway."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AwareDatetime

from chassis import operating
from chassis.callers import Credentials, only_operators, only_sisters
from chassis.failures import Refusal, unavailable
from contracts.failures import Code, Failure
from contracts.internal import InboundMessage, ReplyActivityPage
from contracts.replays import LogReplay, LogReplayAnswer
from timeline.errors import ChertAwayError

ReadActivity = Callable[[int, AwareDatetime, int], Awaitable[ReplyActivityPage]]
ReadMessage = Callable[[str, str], Awaitable[InboundMessage | None]]
ReplayLog = Callable[[LogReplay], Awaitable[LogReplayAnswer]]

PortalId = Annotated[int, Path(gt=0, le=2**53 - 1, description="HubSpot's account id.")]
Since = Annotated[AwareDatetime, Query(description="From when on.")]
Limit = Annotated[int, Query(ge=1, le=500, description="How many replies at most.")]
ChertTenant = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,100}$", description="The slug of the project.")]
MessageId = Annotated[str, Path(min_length=1, max_length=200, description="Chert's id of the message.")]

_RESPONSES: Final[dict[int | str, dict[str, object]]] = {
    400: {"model": Failure, "description": "No such account id, moment or number"},
    401: {"model": Failure, "description": "No service has this credential"},
    503: {"model": Failure, "description": "Not now"},
}
_OF_MESSAGE: Final[dict[int | str, dict[str, object]]] = {
    **_RESPONSES,
    404: {"model": Failure, "description": "No account was given such a message"},
}


def router(
    credentials: Credentials,
    read_activity: ReadActivity,
    read_message: ReadMessage,
    away: tuple[type[Exception], ...],
) -> APIRouter:
    """The routes; `away` are the errors that mean that the database cannot be asked now."""
    routes = APIRouter(tags=["internal"], dependencies=[Depends(only_sisters(credentials))])

    @routes.get("/internal/activity/{portal_id}", summary="The latest replies of an account", responses=_RESPONSES)
    async def activity(portal_id: PortalId, since: Since, limit: Limit = 100) -> ReplyActivityPage:
        try:
            return await read_activity(portal_id, since, limit)
        except away as error:
            raise unavailable("the database") from error

    @routes.get(
        "/internal/messages/{chert_tenant}/{message_id:path}",
        summary="One message with its content, and how it stands at each account",
        responses=_OF_MESSAGE,
    )
    async def message(chert_tenant: ChertTenant, message_id: MessageId) -> InboundMessage:
        try:
            found = await read_message(chert_tenant, message_id)
        except away as error:
            raise unavailable("the database") from error
        if found is None:
            raise Refusal(Code.NOT_FOUND, "no such message")
        return found

    return routes


def operators_router(credentials: Credentials, replay_log: ReplayLog) -> APIRouter:
    """What operators ask beside what they ask of every service."""
    routes = APIRouter(prefix="/ops", tags=["ops"], dependencies=[Depends(only_operators(credentials))])

    @routes.post("/replay/event-log", summary="Work through a page of Chert's event log", responses=operating.RESPONSES)
    async def event_log(question: LogReplay) -> LogReplayAnswer:
        try:
            return await replay_log(question)
        except ChertAwayError as error:
            raise unavailable("Chert's event log") from error

    return routes
