"""What the card asks: who it is for, from the signed query, and what it wants."""

from typing import Annotated, Final, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.datastructures import QueryParams

from actions.api.executions import MAX_ID
from actions.models import CardMessage, Viewer
from chassis.failures import Refusal
from contracts.failures import Code

MAX_SENT_CHARACTERS: Final = 100_000
"""What is read of a message; one over the limit for messages is refused with its own code (1009)."""


def _as_text(value: object) -> object:
    """HubSpot tells a card its record's id as a number; its API knows ids as text."""
    return str(value) if type(value) is int else value


ContactId = Annotated[str, BeforeValidator(_as_text), Field(pattern=r"^[0-9]{1,20}$")]
Number = Annotated[int, Field(gt=0, le=MAX_ID)]


class CardQuery(BaseModel):
    """What HubSpot adds to the query and signs; the rest of it is not looked at."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    portal_id: Number = Field(alias="portalId", description="The account.")
    user_id: Number | None = Field(default=None, alias="userId", description="Who looks at the card.")

    def viewer(self) -> Viewer:
        """Who looks at the card."""
        return Viewer(self.portal_id, self.user_id)


class ContextQuery(CardQuery):
    """The query of the card's first question; the record is the card's own word."""

    contact_id: ContactId = Field(description="The contact's record id.")


Q = TypeVar("Q", bound=CardQuery)


class SendBody(BaseModel):
    """What a rep wants sent."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    contact_id: ContactId
    message: str = Field(max_length=MAX_SENT_CHARACTERS)
    client_message_id: str = Field(pattern=r"^[A-Za-z0-9_-]{8,100}$", description="The same id is sent once.")

    def card_message(self) -> CardMessage:
        """As the use case takes it."""
        return CardMessage(contact_id=self.contact_id, text=self.message, client_message_id=self.client_message_id)


def card_query(request: Request) -> CardQuery:
    """The identity in the query.

    Raises:
        Refusal: a parameter came twice: which one HubSpot meant cannot be told.
        RequestValidationError: it is not there.
    """
    return _query(CardQuery, request.query_params)


def context_query(request: Request) -> ContextQuery:
    """The identity in the query, and the record.

    Raises:
        Refusal: a parameter came twice.
        RequestValidationError: one is not there.
    """
    return _query(ContextQuery, request.query_params)


def parameters_of(model: type[CardQuery]) -> list[dict[str, object]]:
    """The query parameters of a route, for the OpenAPI document."""
    schema = model.model_json_schema()
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": property_}
        for name, property_ in schema["properties"].items()
    ]


def _query(model: type[Q], params: QueryParams) -> Q:
    names = {field.alias or name for name, field in model.model_fields.items()}
    for name in names:
        if len(params.getlist(name)) > 1:
            raise Refusal(Code.INVALID_FIELD, f"query.{name}: came twice")
    try:
        return model.model_validate(dict(params))
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False, include_input=False)) from None
