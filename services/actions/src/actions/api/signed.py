"""Requests that HubSpot signs, as they came over the wire."""

from collections import Counter
from typing import TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from actions.models import SignedRequest

Body = TypeVar("Body", bound=BaseModel)


async def signed_request(request: Request) -> SignedRequest:
    """The request with its body read; a header that came twice says nothing, so it is left out."""
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    headers: list[tuple[bytes, bytes]] = request.scope["headers"]
    times = Counter(name for name, _ in headers)
    return SignedRequest(
        method=request.method,
        target=path + b"?" + query if query else path,
        headers={name.decode("latin-1"): value for name, value in headers if times[name] == 1},
        body=await request.body(),
    )


def body_as(model: type[Body], body: bytes) -> Body:
    """A body as its model.

    Raises:
        RequestValidationError: it is not said as it should be.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False, include_input=False)) from None
