"""The part of the control API that fills accounts, and lets HubSpot be unkind to one of them."""

from fastapi import APIRouter, Response

from simulators.hubspot.control_models import ContactsCreated, ContactsOrder, HistoryOrder, OutageOrder
from simulators.hubspot.models import Outage
from simulators.hubspot.simulator import SimulatorDep

router = APIRouter(prefix="/control/portals/{portal_id}", tags=["HubSpot"])


@router.post("/contacts/batch", status_code=201)
async def create_contacts(portal_id: int, order: ContactsOrder, simulator: SimulatorDep) -> ContactsCreated:
    """Add contacts that were there before the app came: nobody hears of them."""
    portal = simulator.world.portal(portal_id)
    created = [simulator.world.create_contact(portal, properties) for properties in order.contacts]
    return ContactsCreated(ids=[contact.contact_id for contact in created])


@router.post("/contacts/{contact_id}/history", status_code=204, response_class=Response)
async def log_history(portal_id: int, contact_id: str, order: HistoryOrder, simulator: SimulatorDep) -> None:
    """Put messages on a contact's timeline that somebody else logged."""
    portal = simulator.world.portal(portal_id)
    contact = simulator.world.contact(portal, contact_id)
    for number in range(order.count):
        properties = {"hs_communication_body": f"Earlier message {number}", "hs_timestamp": "2026-01-01T00:00:00.000Z"}
        simulator.world.create_communication(portal, properties, [contact.contact_id], None)


@router.post("/outage", status_code=204, response_class=Response)
async def order_outage(portal_id: int, order: OutageOrder, simulator: SimulatorDep) -> None:
    """Answer every call for one account with a failure for a while."""
    until = simulator.clock.now() + order.seconds
    simulator.world.portal(portal_id).outage = Outage(order.status, until, order.retry_after_seconds)
