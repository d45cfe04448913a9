"""Pages to look at: accounts, contacts with their timelines, connected apps."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from simulators.hubspot.models import Communication, Contact, Portal
from simulators.hubspot.simulator import SimulatorDep
from simulators.hubspot.templating import page
from simulators.hubspot.timestamps import parse_moment

CHANNEL_NAMES = {"SMS": "SMS", "WHATS_APP": "WhatsApp", "LINKEDIN_MESSAGE": "LinkedIn message"}

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


@router.get("/contacts/{portal_id}/record/0-1/{contact_id}")
async def show_contact(portal_id: int, contact_id: str, request: Request, simulator: SimulatorDep) -> Response:
    """One contact and its timeline."""
    portal = simulator.world.portal(portal_id)
    contact = simulator.world.contact(portal, contact_id)
    messages = [
        (message, parse_moment(message.properties["hs_timestamp"]), CHANNEL_NAMES[_channel(message)])
        for message in timeline(portal, contact)
    ]
    return page(request, "contact.html", portal=portal, contact=contact, messages=messages)


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


def timeline(portal: Portal, contact: Contact) -> list[Communication]:
    """The messages on a contact's timeline, newest first by their own timestamp."""
    messages = [portal.communications[message_id] for message_id in contact.communication_ids]
    return sorted(messages, key=lambda message: message.properties["hs_timestamp"], reverse=True)


def _channel(message: Communication) -> str:
    return message.properties["hs_communication_channel_type"]
