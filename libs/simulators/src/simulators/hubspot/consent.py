"""The authorize screen: what an app asks for, and the user's answer (contract 1.1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from simulators.hubspot.app_definition import SCOPE_MEANINGS
from simulators.hubspot.models import App, AuthorizationRequest, Portal
from simulators.hubspot.simulator import Simulator, SimulatorDep
from simulators.hubspot.templating import page

PKCE_METHOD = "S256"

router = APIRouter()


class AuthorizeScreenError(Exception):
    """The screen cannot be shown; the user reads why and the app hears nothing."""

    def __init__(self, title: str, words: str) -> None:
        super().__init__(words)
        self.title = title
        self.words = words


@dataclass(frozen=True, slots=True)
class AuthorizeQuery:
    """A request to the authorize screen whose app, address and scopes are in order."""

    redirect_uri: str
    scopes: tuple[str, ...]
    optional_scopes: tuple[str, ...]
    state: str | None
    code_challenge: str | None
    code_challenge_method: str | None

    def back(self, **parameters: str) -> Response:
        """The redirect to the app, with its state."""
        state = {} if self.state is None else {"state": self.state}
        return RedirectResponse(with_parameters(self.redirect_uri, parameters | state), 303)


def with_parameters(url: str, parameters: dict[str, str]) -> str:
    """An address of the app with more parameters than it may have already."""
    return url + ("&" if "?" in url else "?") + urlencode(parameters)


def grantable(asked: Iterable[str], portal: Portal, app: App) -> tuple[str, ...]:
    """The scopes the account grants; those it cannot are dropped silently, unless the app requires them.

    Raises:
        AuthorizeScreenError: The app requires what the account's plan lacks.
    """
    missing = app.required_scopes & portal.unavailable_scopes
    if missing:
        raise AuthorizeScreenError("This account cannot connect", f"Its plan lacks {', '.join(sorted(missing))}.")
    granted = app.scopes - portal.unavailable_scopes - portal.withheld_scopes
    return tuple(scope for scope in dict.fromkeys(asked) if scope in granted)


def error_page(request: Request, error: AuthorizeScreenError) -> Response:
    """The screen's words, for the user alone."""
    return page(request, "message.html", status=400, title=error.title, words=error.words)


@router.get("/oauth/authorize")
@router.get("/oauth/{portal_id}/authorize")
async def show(request: Request, simulator: SimulatorDep, portal_id: int | None = None) -> Response:
    """Ask the user for one account's consent."""
    try:
        query = _checked(request, simulator.app)
        portals = _choices(simulator, portal_id)
    except AuthorizeScreenError as error:
        return error_page(request, error)
    if not _pkce_in_order(query):
        return query.back(error="invalid_request", error_description="code_challenge_method must be S256")
    return page(
        request,
        "authorize.html",
        app=simulator.app,
        scopes=[(scope, SCOPE_MEANINGS.get(scope, scope)) for scope in (*query.scopes, *query.optional_scopes)],
        portals=portals,
    )


@router.post("/oauth/authorize")
@router.post("/oauth/{portal_id}/authorize")
async def decide(
    request: Request,
    simulator: SimulatorDep,
    decision: Annotated[str, Form()],
    chosen: Annotated[int | None, Form(alias="portal")] = None,
) -> Response:
    """Take the user's answer and send the browser back to the app."""
    try:
        query = _checked(request, simulator.app)
        if simulator.world.switches.authorize_error:
            return query.back(error=simulator.world.switches.authorize_error, error_description="As switched")
        if decision != "approve" or not _pkce_in_order(query):
            return query.back(error="access_denied", error_description="The user denied access")
        return query.back(code=_approve(query, simulator, chosen))
    except AuthorizeScreenError as error:
        return error_page(request, error)


def _approve(query: AuthorizeQuery, simulator: Simulator, chosen: int | None) -> str:
    portal = simulator.world.portals.get(chosen) if chosen is not None else None
    if portal is None:
        raise AuthorizeScreenError("No account chosen", "Go back and choose the account to connect.")
    scopes = grantable((*query.scopes, *query.optional_scopes), portal, simulator.app)
    approved = AuthorizationRequest(query.redirect_uri, portal.portal_id, scopes, query.code_challenge)
    return simulator.grants.issue_code(approved)


def _checked(request: Request, app: App) -> AuthorizeQuery:
    """The query's parts, once the app, its address and its scopes are what the app's developer configured."""
    given = request.query_params
    if given.get("client_id") != app.client_id:
        raise AuthorizeScreenError("App not found", "No app has this client id. The link may be an old one.")
    if given.get("redirect_uri") not in app.redirect_uris:
        raise AuthorizeScreenError("Redirect address mismatch", "The redirect URI is none of those the app declares.")
    scopes = tuple(given.get("scope", "").split())
    if not app.required_scopes <= set(scopes) <= app.scopes:
        raise AuthorizeScreenError("Scope mismatch", "The scopes in the link are not those the app declares.")
    return AuthorizeQuery(
        redirect_uri=given["redirect_uri"],
        scopes=scopes,
        optional_scopes=tuple(given.get("optional_scope", "").split()),
        state=given.get("state"),
        code_challenge=given.get("code_challenge"),
        code_challenge_method=given.get("code_challenge_method"),
    )


def _pkce_in_order(query: AuthorizeQuery) -> bool:
    return query.code_challenge is None or query.code_challenge_method == PKCE_METHOD


def _choices(simulator: Simulator, portal_id: int | None) -> list[Portal]:
    """The accounts to choose from; a preselected one is the only choice."""
    if portal_id is None:
        return list(simulator.world.portals.values())
    if portal_id not in simulator.world.portals:
        raise AuthorizeScreenError("Account not found", "You have no account with this id.")
    return [simulator.world.portals[portal_id]]
