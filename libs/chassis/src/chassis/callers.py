"""Who calls an internal route: one credential for each caller, compared in constant time.

Operators have a credential of their own, which opens `/ops/*` and nothing else; a sister's opens everything but that.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Final

from fastapi import Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr

from chassis.failures import Refusal
from contracts.failures import Code

OPERATOR: Final = "ops"
"""The name of the operators' credential in every service's secrets file."""

Credentials = Callable[[], Mapping[str, SecretStr]]
"""Credentials by caller, as they are now."""

Bearer = Annotated[
    HTTPAuthorizationCredentials | None, Security(HTTPBearer(scheme_name="service credential", auto_error=False))
]
Guard = Callable[[Bearer], Awaitable[None]]
"""A dependency of a router: returns if the caller may go on."""


def only_operators(credentials: Credentials) -> Guard:
    """Lets nobody pass but operators."""

    async def guard(bearer: Bearer) -> None:
        _admit(bearer, {name: one for name, one in credentials().items() if name == OPERATOR})

    return guard


def only_sisters(credentials: Credentials) -> Guard:
    """Lets every sister service pass, and no operator."""

    async def guard(bearer: Bearer) -> None:
        _admit(bearer, {name: one for name, one in credentials().items() if name != OPERATOR})

    return guard


def _admit(bearer: HTTPAuthorizationCredentials | None, credentials: Mapping[str, SecretStr]) -> None:
    if bearer is None:
        raise Refusal(Code.NO_CREDENTIALS, "a service credential is needed")
    given = bearer.credentials.encode()
    known = [hmac.compare_digest(one.get_secret_value().encode(), given) for one in credentials.values()]
    if not any(known):
        raise Refusal(Code.BAD_SIGNATURE, "the service credential is not valid")
