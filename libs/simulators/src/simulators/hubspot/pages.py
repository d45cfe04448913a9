"""Pages to look at: accounts, their contacts, their connected apps."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from simulators.hubspot.simulator import SimulatorDep
from simulators.hubspot.templating import page

router = APIRouter()


@router.get("/")
async def show_portals(request: Request, simulator: SimulatorDep) -> Response:
    """Every account."""
    return page(request, "portals.html", portals=list(simulator.world.portals.values()))


@router.get("/contacts/{portal_id}/objects/0-1")
async def show_contacts(portal_id: int, request: Request, simulator: SimulatorDep) -> Response:
    """The contacts of an account."""
    portal = simulator.world.portal(portal_id)
    return page(request, "contacts.html", portal=portal, contacts=list(portal.contacts.values()))


@router.get("/connected-apps/{portal_id}")
async def show_connected_apps(portal_id: int, request: Request, simulator: SimulatorDep) -> Response:
    """The app, if it is installed, with the button that removes it."""
    portal = simulator.world.portal(portal_id)
    return page(request, "connected_apps.html", portal=portal, app=simulator.app)


@router.post("/connected-apps/{portal_id}/uninstall")
async def uninstall(portal_id: int, simulator: SimulatorDep) -> Response:
    """Remove the app, as the button asks; pressed twice, it is removed once."""
    portal = simulator.world.portal(portal_id)
    if portal.install is not None:
        simulator.uninstall(portal)
    return RedirectResponse(f"/connected-apps/{portal_id}", 303)
