"""The signed routes in the OpenAPI document: they are answered before the framework, which so does not know them."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from fastapi import FastAPI
from pydantic import BaseModel, JsonValue

from contracts.failures import Failure

SUMMARIES: Final[Mapping[str, str]] = {
    "/api/hubspot/uninstall": "HubSpot: the app was uninstalled",
    "/api/hubspot/webhook": "HubSpot: contacts changed",
    "/api/chert/webhook": "Chert: a message was received",
}

_ANSWERS: Final[Mapping[str, str]] = {
    "400": "Not a delivery",
    "401": "Not authentic; `reason` says why",
    "413": "Over 1 MiB",
    "415": "Compressed",
    "503": "Not stored; send it again",
}


class Accepted(BaseModel):
    """Every event of the delivery is durable or was not for us."""

    ok: bool = True
    accepted: int
    rejected: int
    ignored: int


def describe(app: FastAPI) -> None:
    """Put the signed routes into an app's document."""
    plain = app.openapi

    @cache  # models take tens of milliseconds to describe
    def openapi() -> dict[str, object]:
        document = plain()
        document["paths"].update({path: {"post": _operation(summary)} for path, summary in SUMMARIES.items()})
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend the document


def _operation(summary: str) -> JsonValue:
    refused = {status: _content(Failure, words) for status, words in _ANSWERS.items()}
    return {
        "tags": ["ingress"],
        "summary": summary,
        "requestBody": {"required": True, "content": {"application/json": {"schema": {}}}},
        "responses": {"200": _content(Accepted, "Durable"), **refused},
    }


def _content(model: type[BaseModel], words: str) -> JsonValue:
    return {"description": words, "content": {"application/json": {"schema": model.model_json_schema()}}}
