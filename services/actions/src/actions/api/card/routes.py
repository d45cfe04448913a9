"""The card's three routes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from fastapi import APIRouter, Request
from pydantic import BaseModel

from actions.api.admission import AccountBusyError, Admission
from actions.api.card.answers import CampaignAnswer, ContextAnswer, SentAnswer
from actions.api.card.refusals import failed, refused
from actions.api.card.requests import (
    CardQuery,
    ContextQuery,
    SendBody,
    card_query,
    context_query,
    parameters_of,
)
from actions.api.openapi import body_of
from actions.api.signatures import authenticate
from actions.api.signed import body_as, signed_request
from actions.errors import NeverSentError, PostponedError
from actions.models import Answer, CampaignStatus, CardContext, CardMessage, Refused, SignedRequest, Viewer
from actions.ports import Verifier
from chassis.logging import get_log
from chassis.metrics import Metrics
from contracts.failures import Failure

LOG = get_log()

AT_ONCE: Final = 20
"""Requests of one account under way at once: as many as HubSpot lets its cards make (hubspot-contract.md, 7.2)."""

A = TypeVar("A", bound=BaseModel)

_RESPONSES: Final[dict[int | str, dict[str, object]]] = {
    400: {"model": Failure, "description": "Not what the card asks"},
    401: {"model": Failure, "description": "HubSpot did not sign this; `reason` says how it fails"},
    413: {"model": Failure, "description": "Over 1 MiB"},
    503: {"model": Failure, "description": "A fault of our own; the same request may come again"},
}


@dataclass(frozen=True, kw_only=True)
class CardUseCases:
    """What the card can ask for."""

    show: Callable[[Viewer, str], Awaitable[CardContext]]
    send: Callable[[Viewer, CardMessage], Awaitable[Answer]]
    campaign: Callable[[Viewer], Awaitable[CampaignStatus]]


def router(verifier: Verifier, card: CardUseCases, metrics: Metrics) -> APIRouter:
    """The routes."""
    routes, admission = APIRouter(tags=["card"], prefix="/api/hubspot/widget"), Admission(AT_ONCE)

    async def authentic(request: Request) -> SignedRequest:
        signed = await signed_request(request)
        authenticate(signed, verifier, metrics, route="card")
        return signed

    @routes.get(
        "/context",
        summary="The contact, the conversation, and whether a message can be sent",
        responses=_RESPONSES,
        openapi_extra={"parameters": parameters_of(ContextQuery)},
    )
    async def context(request: Request) -> ContextAnswer | Failure:
        await authentic(request)
        query = context_query(request)

        async def answer() -> ContextAnswer:
            return ContextAnswer.of(await card.show(query.viewer(), query.contact_id))

        return await _answered(answer, query, admission)

    @routes.post(
        "/send",
        summary="Send what a rep wrote, once per client message id",
        responses=_RESPONSES,
        openapi_extra={"parameters": parameters_of(CardQuery), "requestBody": body_of(SendBody)},
    )
    async def send(request: Request) -> SentAnswer | Failure:
        signed = await authentic(request)
        query, body = card_query(request), body_as(SendBody, signed.body)

        async def answer() -> SentAnswer | Failure:
            given = await card.send(query.viewer(), body.card_message())
            if isinstance(given.outcome, Refused):
                return refused(given.outcome)
            return SentAnswer.of(given.outcome, duplicate=given.duplicate)

        return await _answered(answer, query, admission)

    @routes.get(
        "/campaign-status",
        summary="What is known of the project's campaign, and the account's latest sends",
        responses=_RESPONSES,
        openapi_extra={"parameters": parameters_of(CardQuery)},
    )
    async def campaign_status(request: Request) -> CampaignAnswer | Failure:
        await authentic(request)
        query = card_query(request)

        async def answer() -> CampaignAnswer:
            return CampaignAnswer.of(await card.campaign(query.viewer()))

        return await _answered(answer, query, admission)

    return routes


async def _answered(ask: Callable[[], Awaitable[A]], query: CardQuery, admission: Admission) -> A | Failure:
    """The answer, or what the card shows in its place."""
    try:
        with admission.of(query.portal_id):
            return await ask()
    except (NeverSentError, PostponedError, AccountBusyError) as error:
        LOG.warning("card.refused", portal_id=query.portal_id, reason=type(error).__name__)
        return failed(error)
