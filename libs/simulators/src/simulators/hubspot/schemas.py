"""The contact schema: which properties an account's contacts have (CRM properties API)."""

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field

from simulators.hubspot.access import ContactSchemaReader
from simulators.hubspot.errors import Json
from simulators.hubspot.properties import CONTACT_PROPERTIES

router = APIRouter()


class PropertyName(BaseModel):
    """One property to look up."""

    name: str


class PropertiesInput(BaseModel):
    """Properties to look up by name."""

    archived: bool = False
    inputs: list[PropertyName] = Field(max_length=100)


@router.post("/contacts/batch/read")
async def read_properties(body: PropertiesInput, caller: ContactSchemaReader) -> Response:
    """The definitions of those that exist; 207 when some do not."""
    existing = CONTACT_PROPERTIES - caller.portal.missing_properties
    found: list[Json] = [_definition(one.name) for one in body.inputs if one.name in existing]
    missing = [one.name for one in body.inputs if one.name not in existing]
    answer: Json = {"status": "COMPLETE", "results": found}
    if missing:
        answer |= {"numErrors": 1, "errors": [{"status": "error", "category": "OBJECT_NOT_FOUND", "context": missing}]}
    return caller.answer(answer, 207 if missing else 200)


def _definition(name: str) -> Json:
    return {"name": name, "label": name, "type": "string", "fieldType": "text", "archived": False, "hidden": False}
