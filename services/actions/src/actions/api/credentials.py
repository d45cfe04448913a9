"""Who calls the routes that the gateway does not show: sister services and operators, each by a credential."""

import hmac
from collections.abc import Callable, Mapping
from typing import Annotated, Final

from fastapi import Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr

from chassis.failures import Refusal, unavailable
from chassis.settings import NotLoadedError
from contracts.failures import Code

OPERATOR: Final = "ops"
"""The name of the operators' credential; no service has it, and it opens nothing but their routes."""

Credentials = Callable[[], Mapping[str, SecretStr]]
"""Credentials by name, as they are now."""

Bearer = Annotated[
    HTTPAuthorizationCredentials | None, Security(HTTPBearer(scheme_name="service credential", auto_error=False))
]


def identify(bearer: HTTPAuthorizationCredentials | None, credentials: Credentials) -> str:
    """Whose credential this is; every one is compared, in constant time.

    Raises:
        Refusal: it is nobody's, or which there are is not known now.
    """
    if bearer is None:
        raise Refusal(Code.NO_CREDENTIALS, "a service credential is needed")
    given = bearer.credentials.encode()
    try:
        accepted = credentials()
    except NotLoadedError as error:
        raise unavailable("the configuration") from error
    known = [name for name, one in accepted.items() if hmac.compare_digest(one.get_secret_value().encode(), given)]
    if not known:
        raise wrong_credential()
    return known[0]


def wrong_credential() -> Refusal:
    """What whoever may not be here is told."""
    return Refusal(Code.BAD_SIGNATURE, "the service credential is not valid")
