"""Who calls the API: the bearer token, its scopes, and the account's limits, in the order HubSpot looks at them."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import JSONResponse

from simulators.hubspot.errors import ApiError, Detail, Json
from simulators.hubspot.models import AccessToken, Grant, Portal
from simulators.hubspot.simulator import SimulatorDep
from simulators.hubspot.timestamps import to_iso

FAILURE_HEADER = {"x-hubspot-auth-failure": "401 Unauthorized"}


@dataclass(frozen=True, slots=True)
class Caller:
    """The app, calling for one account, with the headers that every answer to it carries."""

    portal: Portal
    grant: Grant
    headers: dict[str, str]

    def answer(self, payload: Json, status: int = 200) -> JSONResponse:
        """A JSON answer with the rate-limit headers."""
        return JSONResponse(payload, status, headers=self.headers)


def calling(*scopes: str, search: bool = False) -> Callable[..., Coroutine[Any, Any, Caller]]:
    """A dependency that admits a call whose token has every one of `scopes`.

    The dependency raises ApiError (401, 403) and RateLimitError (429).
    """

    async def caller_of(request: Request, simulator: SimulatorDep) -> Caller:
        """The caller of this request."""
        now = simulator.clock.now()
        grant = _authenticated(simulator.grants.access_token(_bearer(request)), now)
        _check_outage(simulator.world.portal(grant.portal_id), now)
        switches = simulator.world.switches
        headers: dict[str, str] = {}
        if search:
            simulator.limiter.take_search(grant.portal_id, now, switches)
        else:
            headers = simulator.limiter.take_call(grant.portal_id, now, switches)
        request.state.rate_headers = headers
        _check_scopes(grant.scopes, scopes)
        return Caller(simulator.world.portal(grant.portal_id), grant, headers)

    return caller_of


def app_calling(*scopes: str) -> Callable[..., Coroutine[Any, Any, None]]:
    """A dependency that admits a call with the app's own token that has every one of `scopes`; no limit counts it.

    The dependency raises ApiError (401, 403).
    """

    async def admit(request: Request, simulator: SimulatorDep) -> None:
        """Nothing, if the call may go on."""
        token = _live(simulator.grants.access_token(_bearer(request)), simulator.clock.now())
        if token.grant is not None:
            raise ApiError(403, "FORBIDDEN", "This API takes the app's own token, not an account's")
        _check_scopes(token.scopes, scopes)

    return admit


Installed = Annotated[Caller, Depends(calling("oauth"))]
ContactReader = Annotated[Caller, Depends(calling("crm.objects.contacts.read"))]
ContactWriter = Annotated[Caller, Depends(calling("crm.objects.contacts.write"))]
ContactSearcher = Annotated[Caller, Depends(calling("crm.objects.contacts.read", search=True))]


def _check_outage(portal: Portal, now: float) -> None:
    outage = portal.outage
    if outage is None or outage.until <= now:
        return
    wait = outage.retry_after_seconds
    headers = {} if wait is None else {"Retry-After": str(wait)}
    raise ApiError(outage.status, "TEMPORARILY_UNAVAILABLE", "This account cannot be served now", headers=headers)


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _authenticated(token: AccessToken | None, now: float) -> Grant:
    grant = _live(token, now).grant
    if grant is None:
        raise _unauthenticated()
    return grant


def _live(token: AccessToken | None, now: float) -> AccessToken:
    if token is None or not token.active:
        raise _unauthenticated()
    if token.expires_at <= now:
        raise ApiError(
            401,
            "EXPIRED_AUTHENTICATION",
            f"The OAuth token used to make this call expired {int(now - token.expires_at)} second(s) ago.",
            context={"expire time": [to_iso(token.expires_at)]},
            headers=FAILURE_HEADER,
        )
    return token


def _unauthenticated() -> ApiError:
    return ApiError(
        401,
        "INVALID_AUTHENTICATION",
        "Authentication credentials not found. This API supports OAuth 2.0 authentication.",
        headers=FAILURE_HEADER,
    )


def _check_scopes(granted: tuple[str, ...], scopes: tuple[str, ...]) -> None:
    missing = [scope for scope in scopes if scope not in granted]
    if missing:
        detail = Detail(
            "One or more of the following scopes are required.", context={"requiredGranularScopes": missing}
        )
        message = "This app hasn't been granted all required scopes to make this call."
        raise ApiError(403, "MISSING_SCOPES", message, details=(detail,))
