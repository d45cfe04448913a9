"""Contact records: read, create and change (contract 5.1). The search is a module of its own."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel

from simulators.hubspot.access import Caller, ContactReader, ContactWriter
from simulators.hubspot.errors import Json, invalid, object_not_found
from simulators.hubspot.models import Contact, Portal
from simulators.hubspot.properties import CONTACT_PROPERTIES, PropertyValue, as_text, check_contact
from simulators.hubspot.simulator import SimulatorDep
from simulators.hubspot.timestamps import to_iso

DEFAULT_PROPERTIES = ("email", "firstname", "lastname")
ALWAYS_SHOWN = ("hs_object_id", "createdate", "lastmodifieddate")
# A new contact needs one of these.
IDENTIFYING = frozenset({"email", "firstname", "lastname"})
# Who changed a record, as events say it: an app does so through the API.
CHANGED_BY_APP = "INTEGRATION"

router = APIRouter()


class ContactInput(BaseModel):
    """Properties to write; associations of a new contact are accepted and not kept."""

    properties: dict[str, PropertyValue]


@router.get("/contacts/{contact_id}")
async def read(
    contact_id: str,
    caller: ContactReader,
    properties: Annotated[list[str] | None, Query()] = None,
    id_property: Annotated[str | None, Query(alias="idProperty")] = None,
) -> Response:
    """One contact with the properties asked for."""
    contact = _find(caller, contact_id, id_property)
    return caller.answer(contact_view(caller.portal, contact, names_in(properties)))


@router.post("/contacts")
async def create(body: ContactInput, caller: ContactWriter, simulator: SimulatorDep) -> Response:
    """A new contact; the app hears of it as of any other."""
    properties = as_text(body.properties)
    check_contact(properties)
    if not any(properties.get(name) for name in IDENTIFYING):
        raise invalid("A contact needs an email, firstname or lastname")
    contact = simulator.world.create_contact(caller.portal, properties)
    simulator.webhooks.contact_created(caller.portal, contact, CHANGED_BY_APP)
    return caller.answer(contact_view(caller.portal, contact, properties), 201)


@router.patch("/contacts/{contact_id}")
async def change(contact_id: str, body: ContactInput, caller: ContactWriter, simulator: SimulatorDep) -> Response:
    """Write properties of a contact; an empty value clears one."""
    contact = _find(caller, contact_id, None)
    properties = as_text(body.properties)
    check_contact(properties)
    changed = simulator.world.update_contact(contact, properties)
    simulator.webhooks.properties_changed(caller.portal, contact, changed, CHANGED_BY_APP)
    return caller.answer(contact_view(caller.portal, contact, properties))


def names_in(given: Iterable[str] | None) -> list[str]:
    """Property names, given as repeated parameters, comma separated, or both."""
    return [name for part in given or () for name in part.split(",") if name]


def contact_view(portal: Portal, contact: Contact, names: Iterable[str]) -> Json:
    """A contact as the API shows it: unset properties are null, unknown ones left out."""
    readable = CONTACT_PROPERTIES - portal.missing_properties
    wanted = [name for name in names if name in readable] or DEFAULT_PROPERTIES
    return {
        "id": contact.contact_id,
        "properties": {name: contact.properties.get(name) for name in (*wanted, *ALWAYS_SHOWN)},
        "createdAt": to_iso(contact.created_at),
        "updatedAt": to_iso(contact.updated_at),
        "archived": False,
        "url": f"https://app.hubspot.com/contacts/{portal.portal_id}/record/0-1/{contact.contact_id}",
    }


def _find(caller: Caller, value: str, id_property: str | None) -> Contact:
    if id_property in {None, "hs_object_id"}:
        found = caller.portal.contacts.get(value)
    elif id_property == "email":
        found = next((one for one in caller.portal.contacts.values() if one.properties.get("email") == value), None)
    else:
        raise invalid(f"{id_property} does not have unique values")
    if found is None:
        raise object_not_found()
    return found
