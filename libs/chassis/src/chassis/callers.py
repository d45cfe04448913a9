"""Who may call an internal or operators' route: known by a credential of its own, compared in constant time.

Operators have the credential named `ops`; it opens `/ops/*` and nothing else, and no service's opens `/ops/*`.
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
"""The name of the operators' credential."""

Credentials = Callable[[], Mapping[str, SecretStr]]
"""Credentials by caller, as they are now."""

Bearer = Annotated[
    HTTPAuthorizationCredentials | None, Security(HTTPBearer(scheme_name="service credential", auto_error=False))
]

Guard = Callable[[Bearer], Awaitable[None]]
"""A route's dependency: it returns if the caller may, and raises `Refusal` (401) if not."""


def only_services(credentials: Credentials) -> Guard:
    """Let in whoever has a credential, operators aside."""

    async def guard(bearer: Bearer) -> None:
        if _caller(bearer, credentials()) == OPERATOR:
            raise Refusal(Code.BAD_SIGNATURE, "the service credential is not valid")

    return guard


def only_operators(credentials: Credentials) -> Guard:
    """Let in operators alone."""

    async def guard(bearer: Bearer) -> None:
        if _caller(bearer, credentials()) != OPERATOR:
            raise Refusal(Code.BAD_SIGNATURE, "the operators' credential is not valid")

    return guard


def _caller(bearer: HTTPAuthorizationCredentials | None, credentials: Mapping[str, SecretStr]) -> str:
    """Whose credential this is; every one is compared.

    Raises:
        Refusal: there is none, or nobody's.
    """
    if bearer is None:
        raise Refusal(Code.NO_CREDENTIALS, "a service credential is needed")
    given = bearer.credentials.encode()
    known = [
        name for name, one in credentials.items() if hmac.compare_digest(one.get_secret_value().encode(), given)
    ]
    if not known:
        raise Refusal(Code.BAD_SIGNATURE, "the service credential is not valid")
    return known[0]
