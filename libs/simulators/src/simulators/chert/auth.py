"""Who calls the Messaging API: the platform credential, as a signature or as a bearer token, and the tenant it names.

The signature counts when both are given. One credential serves all tenants, so `x-chert-tenant` is always required.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from simulators.chert.errors import ChertError, Code
from simulators.chert.models import Tenant
from simulators.chert.schemas import refused
from simulators.chert.signatures import check_api_signature
from simulators.chert.simulator import Chert

BodyT = TypeVar("BodyT", bound=BaseModel)


async def raw_body(request: Request) -> bytes:
    """The body's bytes as they came, which is what a signature covers."""
    return await request.body()


RawBody = Annotated[bytes, Depends(raw_body)]


async def caller(request: Request, body: RawBody, chert: Chert) -> Tenant:
    """The tenant that an authentic call names; raises 2012, 2013, 2004, 2001 or 2005."""
    _check_credential(request, body, chert.signing_secret, chert.clock.now())
    slug = request.headers.get("x-chert-tenant")
    if not slug:
        raise ChertError(Code.NO_CREDENTIALS, "The x-chert-tenant header is missing")
    tenant = chert.state.tenant(slug)
    if tenant.suspended:
        raise ChertError(Code.FORBIDDEN, "The tenant is suspended")
    return tenant


Caller = Annotated[Tenant, Depends(caller)]


def json_body(model: type[BodyT]) -> Callable[[bytes, Tenant], Awaitable[BodyT]]:
    """A dependency that parses the body of an authentic call; a body that does not fit raises its registry code."""

    async def parse(body: RawBody, _caller: Caller) -> BodyT:
        """The body as the model, once the caller is known."""
        try:
            return model.model_validate_json(body)
        except ValidationError as error:
            raise refused(error) from error

    return parse


def _check_credential(request: Request, body: bytes, secret: str, now: float) -> None:
    signature = request.headers.get("x-chert-signature")
    authorization = request.headers.get("authorization")
    if signature is not None:
        check_api_signature(signature, body, secret=secret, now=now)
    elif authorization is None:
        raise ChertError(Code.NO_CREDENTIALS, "No credentials")
    elif not hmac.compare_digest(authorization.encode(), f"Bearer {secret}".encode()):
        raise ChertError(Code.BAD_SIGNATURE, "The token is not valid")
