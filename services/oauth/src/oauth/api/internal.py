"""What sister services ask: an access token, and what is true of an account (`architecture.md`, rules 5 and 7).

Each service has a credential of its own; none of these routes is reachable through the public gateway.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr

from contracts.failures import Failure
from contracts.internal import AccessToken, TenantCheck
from oauth.api.console import LARGEST_PORTAL_ID
from oauth.errors import CredentialInvalidError, NoCredentialError

GiveAccessToken = Callable[[int], Awaitable[AccessToken]]
CheckTenant = Callable[[int], Awaitable[TenantCheck]]
Doubt = Callable[[int], Awaitable[None]]
Credentials = Callable[[], Mapping[str, SecretStr]]
"""Service credentials by service, as they are now."""

SISTERS: Final = frozenset({"actions", "timeline"})
"""The services that ask."""

PortalId = Annotated[int, Path(gt=0, le=LARGEST_PORTAL_ID, description="HubSpot's account id.")]
Bearer = Annotated[
    HTTPAuthorizationCredentials | None, Security(HTTPBearer(scheme_name="service credential", auto_error=False))
]

_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Failure, "description": "No account has such an id"},
    401: {"model": Failure, "description": "No service has this credential"},
    503: {"model": Failure, "description": "Not now"},
}
_NO_TOKEN: Final[dict[int | str, dict[str, Any]]] = {
    403: {"model": Failure, "description": "The account is no longer connected"},
    404: {"model": Failure, "description": "The account never connected"},
}


def identify_service(bearer: str | None, credentials: Mapping[str, SecretStr]) -> str:
    """The service that has this credential; every one is compared, in constant time.

    Raises:
        NoCredentialError: there is none.
        CredentialInvalidError: no service has it.
    """
    if not bearer:
        raise NoCredentialError
    given = bearer.encode()
    known = [
        name
        for name, credential in credentials.items()
        if hmac.compare_digest(credential.get_secret_value().encode(), given)
    ]
    if not known:
        raise CredentialInvalidError
    return known[0]


class InternalRoutes:
    """The internal addresses."""

    def __init__(
        self, *, credentials: Credentials, give_access_token: GiveAccessToken, check_tenant: CheckTenant, doubt: Doubt
    ) -> None:
        self._credentials = credentials
        self._give_access_token, self._check_tenant, self._doubt = give_access_token, check_tenant, doubt

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(
            prefix="/internal/tenants/{portal_id}",
            tags=["internal"],
            dependencies=[Depends(self._only_services)],
            responses=_RESPONSES,
        )
        router.add_api_route(
            "/access-token",
            self.access_token,
            methods=["POST"],
            responses=_NO_TOKEN,
            summary="An access token that lives at least a minute more",
        )
        router.add_api_route(
            "/doubts",
            self.refused_token,
            methods=["POST"],
            summary="HubSpot refused this account's token: ask it whether the grant lives",
        )
        router.add_api_route("", self.tenant, summary="What is true of an account right now")
        return router

    async def access_token(self, portal_id: PortalId, response: Response) -> AccessToken:
        """Give out a token."""
        response.headers["Cache-Control"] = "no-store"
        return await self._give_access_token(portal_id)

    async def refused_token(self, portal_id: PortalId) -> TenantCheck:
        """Note the doubt, which HubSpot's word on the grant settles a moment later; what is true until then."""
        await self._doubt(portal_id)
        return await self._check_tenant(portal_id)

    async def tenant(self, portal_id: PortalId) -> TenantCheck:
        """Say what is true."""
        return await self._check_tenant(portal_id)

    async def _only_services(self, bearer: Bearer) -> None:
        if identify_service(None if bearer is None else bearer.credentials, self._credentials()) not in SISTERS:
            raise CredentialInvalidError
