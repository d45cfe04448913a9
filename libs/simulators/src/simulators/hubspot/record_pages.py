"""A contact's record: its properties, its timeline, and the app's card in a worker beside them (contract 7.2)."""

import json
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from simulators.hubspot.card_proxy import Call, Seen
from simulators.hubspot.models import Communication, Contact, Portal
from simulators.hubspot.simulator import Simulator, SimulatorDep
from simulators.hubspot.templating import WITH_SCRIPTS, page
from simulators.hubspot.timestamps import parse_moment

CHANNEL_NAMES = {"SMS": "SMS", "WHATS_APP": "WhatsApp", "LINKEDIN_MESSAGE": "LinkedIn message"}
LABELS = {
    "firstname": "First name",
    "lastname": "Last name",
    "phone": "Phone number",
    "mobilephone": "Mobile phone number",
    "email": "Email",
    "company": "Company",
}
CHANGED_BY_USER = "CRM_UI"
TIMEZONE = "UTC"
LOCALE = "en-us"

Value = Annotated[str, Field(max_length=1_000)]

router = APIRouter()


class PropertiesForm(BaseModel):
    """What the record's form saves; an empty value clears."""

    model_config = ConfigDict(extra="forbid")

    firstname: Value = ""
    lastname: Value = ""
    phone: Value = ""
    mobilephone: Value = ""
    email: Value = ""
    company: Value = ""


@router.get("/contacts/{portal_id}/record/0-1/{contact_id}")
async def show_record(portal_id: int, contact_id: str, request: Request, simulator: SimulatorDep) -> Response:
    """One contact, its timeline and the card."""
    portal = simulator.world.portal(portal_id)
    contact = simulator.world.contact(portal, contact_id)
    return page(
        request,
        "contact.html",
        policy=WITH_SCRIPTS,
        portal=portal,
        contact=contact,
        labels=LABELS,
        messages=_messages(portal, contact),
        has_scripts=simulator.project is not None and simulator.project.has_card,
        card_name="" if simulator.project is None else simulator.project.card.name,
        card=_card_setting(simulator, portal, contact),
    )


@router.get("/contacts/{portal_id}/record/0-1/{contact_id}/timeline")
async def show_timeline(portal_id: int, contact_id: str, request: Request, simulator: SimulatorDep) -> Response:
    """The timeline alone, as the page fetches it again and again."""
    portal = simulator.world.portal(portal_id)
    contact = simulator.world.contact(portal, contact_id)
    return page(request, "timeline.html", messages=_messages(portal, contact))


@router.post("/contacts/{portal_id}/record/0-1/{contact_id}/properties")
async def save_properties(
    portal_id: int, contact_id: str, form: Annotated[PropertiesForm, Form()], simulator: SimulatorDep
) -> Response:
    """Save what was typed; the app hears of what it subscribed to."""
    portal = simulator.world.portal(portal_id)
    contact = simulator.world.contact(portal, contact_id)
    changed = simulator.world.update_contact(contact, form.model_dump())
    simulator.webhooks.properties_changed(portal, contact, changed, CHANGED_BY_USER)
    return RedirectResponse(f"/contacts/{portal_id}/record/0-1/{contact_id}", 303)


@router.post("/card-proxy/{portal_id}")
async def fetch_for_card(portal_id: int, call: Call, simulator: SimulatorDep) -> Seen:
    """A card's `hubspot.fetch`."""
    portal = simulator.world.portal(portal_id)
    if simulator.card_proxy is None:
        raise HTTPException(404, "no developer project was uploaded")
    return await simulator.card_proxy.fetch(portal, call, repeat=simulator.world.switches.repeat_card_calls)


def timeline(portal: Portal, contact: Contact) -> list[Communication]:
    """The messages on a contact's timeline, newest first by their own timestamp."""
    messages = [portal.communications[message_id] for message_id in contact.communication_ids]
    return sorted(messages, key=lambda message: message.properties["hs_timestamp"], reverse=True)


def _messages(portal: Portal, contact: Contact) -> list[tuple[Communication, float, str]]:
    return [
        (
            message,
            parse_moment(message.properties["hs_timestamp"]),
            CHANNEL_NAMES[message.properties["hs_communication_channel_type"]],
        )
        for message in timeline(portal, contact)
    ]


def _card_setting(simulator: Simulator, portal: Portal, contact: Contact) -> str | None:
    """What the page's script needs to run the card; none where the app is not installed or the card is not built."""
    project = simulator.project
    if project is None or not project.has_card or portal.install is None:
        return None
    context = {
        "location": "crm.record.sidebar",
        "crm": {"objectId": int(contact.contact_id), "objectTypeId": "0-1"},
        "portal": {"id": portal.portal_id, "timezone": TIMEZONE},
        "user": {"id": portal.user_id, "email": portal.user_email, "locale": LOCALE, "language": LOCALE},
        "extension": {"appId": simulator.app.app_id, "appName": simulator.app.name, "cardTitle": project.card.name},
        "variables": project.profile.variables,
    }
    return json.dumps(
        {
            "bundle": "/card/card/card.js",
            "worker": "/card/host/worker.js",
            "proxy": f"/card-proxy/{portal.portal_id}",
            "context": context,
        }
    ).replace("<", "\\u003c")
