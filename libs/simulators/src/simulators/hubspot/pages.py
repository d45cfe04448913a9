"""Pages to look at: accounts, their contacts, their connected apps."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from simulators.hubspot.app_definition import SCOPE_MEANINGS
from simulators.hubspot.record_pages import CHANGED_BY_USER, LABELS, PropertiesForm
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
    contacts = list(portal.contacts.values())
    return page(request, "contacts.html", portal=portal, contacts=contacts, labels=LABELS)


@router.post("/contacts/{portal_id}/objects/0-1")
async def create_contact(portal_id: int, form: Annotated[PropertiesForm, Form()], simulator: SimulatorDep) -> Response:
    """A new contact, as somebody typed it; the app hears of it."""
    portal = simulator.world.portal(portal_id)
    properties = {name: value for name, value in form.model_dump().items() if value}
    contact = simulator.world.create_contact(portal, properties)
    simulator.webhooks.contact_created(portal, contact, CHANGED_BY_USER)
    return RedirectResponse(f"/contacts/{portal_id}/record/0-1/{contact.contact_id}", 303)


@router.get("/connected-apps/{portal_id}")
async def show_connected_apps(portal_id: int, request: Request, simulator: SimulatorDep) -> Response:
    """The app, if it is installed, with the button that removes it."""
    portal = simulator.world.portal(portal_id)
    return page(request, "connected_apps.html", portal=portal, app=simulator.app, meanings=SCOPE_MEANINGS)


@router.post("/connected-apps/{portal_id}/uninstall")
async def uninstall(portal_id: int, simulator: SimulatorDep) -> Response:
    """Remove the app, as the button asks; pressed twice, it is removed once."""
    portal = simulator.world.portal(portal_id)
    if portal.install is not None:
        simulator.uninstall(portal)
    return RedirectResponse(f"/connected-apps/{portal_id}", 303)
