"""Installs that begin at HubSpot's marketplace: the listing, then the app, then consent, then the app again.

The app is called at its install URL with `step=authorize` and a `returnUrl`, sends the browser there with its
`state`, and gets the code with `step=finalize`. HubSpot builds this consent itself, so it carries no PKCE challenge,
and its code belongs to the first redirect URI that the app declares (assumed; the contract is silent on both).
"""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from simulators.hubspot.app_definition import SCOPE_MEANINGS
from simulators.hubspot.consent import AuthorizeScreenError, error_page, grantable, with_parameters
from simulators.hubspot.models import AuthorizationRequest, Portal
from simulators.hubspot.simulator import Simulator, SimulatorDep
from simulators.hubspot.templating import page

router = APIRouter(prefix="/marketplace/apps/{app_id}")


@router.get("/install")
async def show_listing(app_id: int, request: Request, simulator: SimulatorDep, portal: int | None = None) -> Response:
    """The app's listing, with a link that begins its install in each account or in the one named."""
    if app_id != simulator.app.app_id:
        return page(request, "message.html", status=404, title="App not found", words="No app has this id.")
    world = simulator.world
    portals = list(world.portals.values()) if portal is None else [world.portal(portal)]
    starts = [(one, _start(request, simulator, one)) for one in portals]
    return page(request, "marketplace.html", app=simulator.app, starts=starts)


@router.get("/return")
async def come_back(portal: int, request: Request, simulator: SimulatorDep, state: str | None = None) -> Response:
    """Where the app sends the browser: with its state for consent, and without one at the end."""
    account = simulator.world.portal(portal)
    if state is None:
        return _end(request, account)
    scopes = [(scope, meaning) for scope, meaning in SCOPE_MEANINGS.items() if scope in simulator.app.scopes]
    return page(request, "authorize.html", app=simulator.app, scopes=scopes, portals=[account])


@router.post("/return")
async def decide(
    portal: int, state: str, request: Request, simulator: SimulatorDep, decision: Annotated[str, Form()]
) -> Response:
    """Take the user's answer; only an approval goes back to the app."""
    account = simulator.world.portal(portal)
    if decision != "approve":
        return page(request, "message.html", title="Cancelled", words="Nothing was installed.")
    try:
        code = _approve(simulator, account)
    except AuthorizeScreenError as error:
        return error_page(request, error)
    answer = {"step": "finalize", "code": code, "state": state, "returnUrl": _return_url(request, simulator, account)}
    return RedirectResponse(with_parameters(simulator.app.install_url, answer), 303)


def _start(request: Request, simulator: Simulator, portal: Portal) -> str:
    parameters = {"step": "authorize", "returnUrl": _return_url(request, simulator, portal)}
    return with_parameters(simulator.app.install_url, parameters)


def _return_url(request: Request, simulator: Simulator, portal: Portal) -> str:
    base = str(request.base_url).rstrip("/")
    return f"{base}/marketplace/apps/{simulator.app.app_id}/return?portal={portal.portal_id}"


def _approve(simulator: Simulator, portal: Portal) -> str:
    app = simulator.app
    scopes = grantable(tuple(SCOPE_MEANINGS), portal, app)
    return simulator.grants.issue_code(AuthorizationRequest(app.redirect_uris[0], portal.portal_id, scopes, None))


def _end(request: Request, portal: Portal) -> Response:
    if portal.install is None:
        return page(request, "message.html", title="Not installed", words="The app did not finish its install.")
    return page(request, "message.html", title="Installed", words=f"The app is connected to {portal.name}.")
