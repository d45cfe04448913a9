"""Communications: messages logged on the timelines of contacts, one by one and in batches (contract 5.2)."""

from collections.abc import Iterable
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from simulators.hubspot.access import Caller, ContactReader, ContactWriter
from simulators.hubspot.contacts import names_in
from simulators.hubspot.errors import ApiError, Detail, Json, invalid, object_not_found
from simulators.hubspot.models import Communication
from simulators.hubspot.properties import (
    COMMUNICATION_PROPERTIES,
    COMMUNICATION_READ_ONLY,
    PropertyValue,
    as_text,
    checked_communication,
)
from simulators.hubspot.simulator import Simulator, SimulatorDep
from simulators.hubspot.state import BODY
from simulators.hubspot.timestamps import to_iso

MAX_BATCH = 100
# The type of the association from a communication to a contact.
COMMUNICATION_TO_CONTACT = 81

router = APIRouter()


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class AssociationType(_Wire):
    """The kind of an association."""

    association_category: Literal["HUBSPOT_DEFINED"]
    association_type_id: Literal[81]


class ObjectId(_Wire):
    """A record by its id."""

    id: str


class Association(_Wire):
    """An association of the record that is being created; this HubSpot has contacts alone."""

    to: ObjectId
    types: list[AssociationType] = Field(min_length=1)


class CommunicationInput(_Wire):
    """A message to log; `associations` is required, even if empty."""

    properties: dict[str, PropertyValue]
    associations: list[Association]
    object_write_trace_id: str | None = None


class BatchCreate(_Wire):
    """Messages to log together."""

    inputs: list[CommunicationInput] = Field(max_length=MAX_BATCH)


class BatchRead(_Wire):
    """Messages to read together."""

    inputs: list[ObjectId] = Field(max_length=MAX_BATCH)
    properties: list[str] = Field(default_factory=list)


@router.post("/communications")
async def create(body: CommunicationInput, caller: ContactWriter, simulator: SimulatorDep) -> Response:
    """Log one message, associated in the same step."""
    return caller.answer(view(_create(body, caller, simulator)), 201)


@router.get("/communications/{communication_id}")
async def read(
    communication_id: str, caller: ContactReader, properties: Annotated[list[str] | None, Query()] = None
) -> Response:
    """One message with the properties asked for."""
    found = caller.portal.communications.get(communication_id)
    if found is None:
        raise object_not_found()
    return caller.answer(view(found, names_in(properties)))


@router.post("/communications/batch/create")
async def create_batch(body: BatchCreate, caller: ContactWriter, simulator: SimulatorDep) -> Response:
    """Log up to a hundred messages; what is wrong with one is no obstacle to the others.

    The order of the results is not that of the inputs: trace ids match them.
    """
    started_at = to_iso(simulator.clock.now())
    results: list[Json] = []
    errors: list[Json] = []
    for item in body.inputs:
        try:
            results.append(view(_create(item, caller, simulator)))
        except ApiError as error:
            errors.append(error.as_item(item.object_write_trace_id))
    results.sort(key=lambda _: simulator.chance())
    payload = batch_answer(results, errors, started_at, to_iso(simulator.clock.now()))
    return caller.answer(payload, 207 if errors else 201)


@router.post("/communications/batch/read")
async def read_batch(body: BatchRead, caller: ContactReader, simulator: SimulatorDep) -> Response:
    """Up to a hundred messages; those that do not exist are named in one error."""
    now = to_iso(simulator.clock.now())
    known = caller.portal.communications
    results = [view(known[item.id], body.properties) for item in body.inputs if item.id in known]
    missing = [item.id for item in body.inputs if item.id not in known]
    errors = [_not_found(missing).as_item()] if missing else []
    return caller.answer(batch_answer(results, errors, now, now), 207 if errors else 200)


def view(communication: Communication, names: Iterable[str] = COMMUNICATION_PROPERTIES) -> Json:
    """A message as the API shows it, with these properties and the ones that every record has."""
    wanted = COMMUNICATION_READ_ONLY.union(name for name in names if name in COMMUNICATION_PROPERTIES)
    created_at = to_iso(communication.created_at)
    shown: Json = {
        "id": communication.communication_id,
        "properties": {name: communication.properties.get(name) for name in sorted(wanted)},
        "createdAt": created_at,
        "updatedAt": created_at,
        "archived": False,
    }
    trace_id = communication.write_trace_id
    return shown if trace_id is None else shown | {"objectWriteTraceId": trace_id}


def batch_answer(results: list[Json], errors: list[Json], started_at: str, completed_at: str) -> Json:
    """The answer to a batch; with errors it is the body of a 207."""
    answer: Json = {
        "status": "COMPLETE",
        "results": results,
        "startedAt": started_at,
        "completedAt": completed_at,
    }
    return answer | {"numErrors": len(errors), "errors": errors} if errors else answer


def _create(item: CommunicationInput, caller: Caller, simulator: Simulator) -> Communication:
    properties = checked_communication(as_text(item.properties))
    refused = simulator.world.switches.refused_text
    if refused and refused in properties.get(BODY, ""):
        raise invalid("The account's own rules refuse this", Detail("not allowed here", code="CONDITIONALLY_REQUIRED"))
    contact_ids = [association.to.id for association in item.associations]
    missing = [contact_id for contact_id in contact_ids if contact_id not in caller.portal.contacts]
    if missing:
        detail = Detail("The record to associate does not exist", code="INVALID_OBJECT_IDS", context={"ids": missing})
        raise invalid("Associations were not valid", detail)
    return simulator.world.create_communication(caller.portal, properties, contact_ids, item.object_write_trace_id)


def _not_found(ids: list[str]) -> ApiError:
    message = "Could not get some COMMUNICATION objects, they may be deleted or not exist."
    return ApiError(404, "OBJECT_NOT_FOUND", message, context={"ids": ids})
