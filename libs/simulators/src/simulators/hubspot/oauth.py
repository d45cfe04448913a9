"""The token routes: exchange, refresh, client credentials, introspection and revocation (contract 1.2 to 1.4)."""

import hmac
from collections.abc import Callable
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from simulators.hubspot.app_definition import APP_TOKEN_SCOPES
from simulators.hubspot.errors import Json, OAuthError
from simulators.hubspot.grants import ACCESS_TOKEN_SECONDS
from simulators.hubspot.models import AccessToken, Grant
from simulators.hubspot.simulator import Simulator, SimulatorDep

TOKEN_VERSIONS = ("v1", "v3", "2026-03", "2026-09")
INTROSPECTION_VERSIONS = ("v3", "2026-03", "2026-09")
FORM = "application/x-www-form-urlencoded"
NO_STORE = {"Cache-Control": "no-store"}

Form = dict[str, str]


async def _form_of(request: Request) -> Form:
    """The parameters of the form body; v1 also takes those of the query."""
    is_form = request.headers.get("content-type", "").startswith(FORM)
    text = (await request.body()).decode("utf-8", errors="replace") if is_form else ""
    query = request.url.query if request.url.path.startswith("/oauth/v1/") else ""
    return dict(parse_qsl(query)) | dict(parse_qsl(text))


FormDep = Annotated[Form, Depends(_form_of)]

token_router = APIRouter()
introspection_router = APIRouter()


@token_router.post("/token")
async def token(form: FormDep, simulator: SimulatorDep) -> Response:
    """Issue an access token for one of the three grant types."""
    grant_type = GRANT_TYPES.get(form.get("grant_type", ""))
    if grant_type is None:
        raise OAuthError("BAD_GRANT_TYPE", "unsupported_grant_type", "missing or unknown grant type")
    _authenticate_client(form, simulator)
    return JSONResponse(grant_type(form, simulator), headers=NO_STORE)


@introspection_router.post("/token/introspect")
async def introspect(form: FormDep, simulator: SimulatorDep) -> Response:
    """What a token stands for; one that does not work answers `{"active": false}` and nothing else."""
    _authenticate_client(form, simulator)
    value = form.get("token", "")
    grant = simulator.grants.live_grant(value)
    access = simulator.grants.live_access_token(value)
    answer: Json = {"active": False}
    if grant is not None:
        answer = _grant_facts(grant, simulator) | {"token": value, "token_use": "refresh_token"}
    elif access is not None:
        answer = _access_token_facts(access, simulator)
    return JSONResponse(answer, headers=NO_STORE)


@introspection_router.post("/token/revoke")
async def revoke(form: FormDep, simulator: SimulatorDep) -> Response:
    """End a token; an unknown one is no error (RFC 7009 section 2.2)."""
    _authenticate_client(form, simulator)
    simulator.grants.revoke(form.get("token", ""))
    return Response(status_code=200)


def _authenticate_client(form: Form, simulator: Simulator) -> None:
    if form.get("client_id") != simulator.app.client_id:
        raise OAuthError("BAD_CLIENT_ID", "invalid_client", "missing or unknown client id")
    given = form.get("client_secret", "").encode()
    if not hmac.compare_digest(given, simulator.app.client_secret.encode()):
        raise OAuthError("BAD_CLIENT_SECRET", "invalid_client", "missing or invalid client secret")


def _exchange(form: Form, simulator: Simulator) -> Json:
    redirect_uri = form.get("redirect_uri", "")
    issued = simulator.grants.exchange_code(form.get("code", ""), redirect_uri, form.get("code_verifier"))
    return _token_answer(issued, simulator)


def _refresh(form: Form, simulator: Simulator) -> Json:
    return _token_answer(simulator.grants.refresh(form.get("refresh_token", "")), simulator)


def _client_credentials(form: Form, simulator: Simulator) -> Json:
    scopes = tuple(form.get("scope", "").split())
    if not scopes or not APP_TOKEN_SCOPES.issuperset(scopes):
        raise OAuthError("BAD_SCOPES", "invalid_scope", "missing or invalid scopes")
    return _token_answer(simulator.grants.issue_app_token(scopes), simulator)


GRANT_TYPES: dict[str, Callable[[Form, Simulator], Json]] = {
    "authorization_code": _exchange,
    "refresh_token": _refresh,
    "client_credentials": _client_credentials,
}


def _token_answer(issued: AccessToken, simulator: Simulator) -> Json:
    answer: Json = {
        "access_token": issued.token,
        "expires_in": ACCESS_TOKEN_SECONDS,
        "token_type": "bearer",
        "token_use": "access_token" if issued.grant else "client_credentials",
    }
    if issued.grant is None:
        return answer
    answer |= {"refresh_token": issued.grant.refresh_token}
    if not simulator.world.switches.omit_hub_id:
        answer |= {"hub_id": issued.grant.portal_id}
    return answer | {"user_id": issued.grant.user_id, "scopes": list(issued.grant.scopes)}


def _access_token_facts(access: AccessToken, simulator: Simulator) -> Json:
    facts: Json = {"token": access.token, "expires_in": int(access.expires_at - simulator.clock.now())}
    if access.grant is None:
        app = simulator.app
        own: Json = {"active": True, "token_use": "client_credentials", "token_type": "Bearer", "app_id": app.app_id}
        return own | facts | {"client_id": app.client_id, "scopes": list(access.scopes)}
    return (
        _grant_facts(access.grant, simulator)
        | facts
        | {
            "token_use": "access_token",
            "is_private_distribution": False,
            "signed_access_token": {"expiresAt": int(access.expires_at * 1000), "hublet": "na1"},
        }
    )


def _grant_facts(grant: Grant, simulator: Simulator) -> Json:
    portal = simulator.world.portal(grant.portal_id)
    return {
        "active": True,
        "token_type": "Bearer",
        "client_id": simulator.app.client_id,
        "app_id": simulator.app.app_id,
        "hub_id": portal.portal_id,
        "hub_domain": portal.domain,
        "user": portal.user_email,
        "user_id": grant.user_id,
        "scopes": list(grant.scopes),
    }
