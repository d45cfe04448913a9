"""`POST /api/hubspot/options/phone-lines`: the lines that a workflow may choose (hubspot-contract.md 4.5)."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from actions.api.answers import NEVER_SENT, postponed
from actions.api.executions import Id, LooseText, object_or_none
from actions.api.openapi import body_of
from actions.api.signed import body_as, signed_request
from actions.api.workflow_signatures import WorkflowSignatures
from actions.errors import NeverSentError, PostponedError
from actions.handlers.phone_line_options import OptionPage
from chassis.failures import Refusal
from contracts.failures import Code, Failure

Offer = Callable[[int, str, str], Awaitable[OptionPage]]
"""The handler with its collaborators: account, searched text, cursor."""

MAX_SEARCH: Final = 200

_RESPONSES: Final[dict[int | str, dict[str, object]]] = {
    400: {"model": Failure, "description": "Not an option fetch"},
    401: {"model": Failure, "description": "HubSpot did not sign this; `reason` says how it fails"},
    404: {"model": Failure, "description": "The account is not connected"},
    413: {"model": Failure, "description": "Over 1 MiB"},
    503: {"model": Failure, "description": "Temporary"},
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class OptionOrigin(_Part):
    """Whose workflow it is."""

    portal_id: Id


class FetchOptions(_Part):
    """What was typed, and where the page begins."""

    q: LooseText = ""
    after: LooseText = ""


class OptionFetch(_Part):
    """HubSpot asks for the choices of an input."""

    origin: OptionOrigin
    fetch_options: Annotated[FetchOptions | None, BeforeValidator(object_or_none)] = None


class Option(BaseModel):
    """One choice."""

    label: str
    description: str
    value: str


class OptionAnswer(BaseModel):
    """A page of choices."""

    options: list[Option] = Field(max_length=100)
    after: str | None = None
    searchable: bool = True


def router(signatures: WorkflowSignatures, offer: Offer) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["workflow"])

    @routes.post(
        "/api/hubspot/options/phone-lines",
        summary="The lines that a workflow may send from",
        responses=_RESPONSES,
        response_model_exclude_none=True,
        openapi_extra={"requestBody": body_of(OptionFetch)},
    )
    async def phone_lines(request: Request) -> OptionAnswer:
        signed = await signed_request(request)
        version = signatures.authenticate(signed)
        asked = body_as(OptionFetch, signed.body)
        await signatures.admit(asked.origin.portal_id, version)
        options = asked.fetch_options or FetchOptions()
        return await _answer(asked.origin.portal_id, options, offer)

    return routes


async def _answer(portal_id: int, options: FetchOptions, offer: Offer) -> OptionAnswer:
    try:
        page = await offer(portal_id, options.q[:MAX_SEARCH], options.after)
    except NeverSentError as error:
        told = NEVER_SENT[type(error)]
        raise Refusal(Code(told.code), told.error) from error
    except PostponedError as error:
        raise postponed(error) from error
    shown = [Option(label=one.label, description=one.description, value=one.value) for one in page.options]
    return OptionAnswer(options=shown, after=page.after)
