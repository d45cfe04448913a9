"""Associations between contacts and communications: one pair, the list of a record, a batch of lists (contract 5.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from simulators.hubspot.access import ContactReader, ContactWriter
from simulators.hubspot.communications import COMMUNICATION_TO_CONTACT, batch_answer
from simulators.hubspot.errors import ApiError, Json, invalid, object_not_found
from simulators.hubspot.models import Portal
from simulators.hubspot.simulator import SimulatorDep
from simulators.hubspot.state import World
from simulators.hubspot.timestamps import to_iso

CONTACT_TO_COMMUNICATION = 82
MAX_BATCH = 1_000
# Associations in one answer, per record.
PAGE = 500
BATCH_PAGE = 100


class Direction(Enum):
    """The two ways a pair can be looked at, by the types' singular names."""

    FROM_COMMUNICATION = ("communication", "contact", COMMUNICATION_TO_CONTACT)
    FROM_CONTACT = ("contact", "communication", CONTACT_TO_COMMUNICATION)

    @property
    def type_id(self) -> int:
        """HubSpot's number of the association."""
        return self.value[2]


TYPES = {
    "contact": "contact",
    "contacts": "contact",
    "0-1": "contact",
    "communication": "communication",
    "communications": "communication",
    "0-18": "communication",
}


@dataclass(frozen=True, slots=True)
class Links:
    """The ids that one record is associated with, oldest first."""

    direction: Direction
    ids: Sequence[str]
    numeric: bool

    def page(self, after: int, size: int) -> tuple[list[Json], str | None]:
        """One page of associations and the cursor of the next."""
        end = after + size
        label = {"category": "HUBSPOT_DEFINED", "typeId": self.direction.type_id, "label": None}
        links: list[Json] = [
            {"toObjectId": int(one) if self.numeric else one, "associationTypes": [label]}
            for one in self.ids[after:end]
        ]
        return links, str(end) if end < len(self.ids) else None


class BatchReadInput(BaseModel):
    """A record whose associations are asked for, from a cursor on."""

    model_config = ConfigDict(extra="ignore")

    id: str
    after: int = Field(default=0, ge=0)


class BatchRead(BaseModel):
    """The records whose associations are asked for."""

    inputs: list[BatchReadInput] = Field(max_length=MAX_BATCH)


pair_router = APIRouter()
list_router = APIRouter()
batch_router = APIRouter()


@pair_router.put("/{from_type}/{from_id}/associations/default/{to_type}/{to_id}")
async def associate(
    from_type: str, from_id: str, to_type: str, to_id: str, caller: ContactWriter, simulator: SimulatorDep
) -> Response:
    """Associate one pair without a label; repeating it is harmless."""
    direction = _direction(from_type, to_type)
    from_contact = direction is Direction.FROM_CONTACT
    contact_id, communication_id = (from_id, to_id) if from_contact else (to_id, from_id)
    contact = caller.portal.contacts.get(contact_id)
    communication = caller.portal.communications.get(communication_id)
    if contact is None or communication is None:
        raise object_not_found()
    simulator.world.associate(communication, contact)
    now = to_iso(simulator.clock.now())
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": direction.type_id}
    result: Json = {"from": {"id": from_id}, "to": {"id": to_id}, "associationSpec": spec}
    return caller.answer(batch_answer([result], [], now, now))


@list_router.get("/{from_type}/{from_id}/associations/{to_type}")
async def list_associations(
    from_type: str,
    from_id: str,
    to_type: str,
    request: Request,
    caller: ContactReader,
    simulator: SimulatorDep,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
) -> Response:
    """What one record is associated with."""
    links = _links(simulator.world, caller.portal, _direction(from_type, to_type), from_id, numeric=_numeric(request))
    if links is None:
        raise object_not_found()
    results, following = links.page(after, limit)
    answer: Json = {"results": results}
    return caller.answer(answer | {"paging": {"next": {"after": following}}} if following else answer)


@batch_router.post("/{from_type}/{to_type}/batch/read")
async def read_batch(
    from_type: str, to_type: str, body: BatchRead, request: Request, caller: ContactReader, simulator: SimulatorDep
) -> Response:
    """What each of up to a thousand records is associated with; a record with nothing is an error of its own."""
    direction = _direction(from_type, to_type)
    now = to_iso(simulator.clock.now())
    results: list[Json] = []
    errors: list[Json] = []
    for item in body.inputs:
        links = _links(simulator.world, caller.portal, direction, item.id, numeric=_numeric(request))
        if links is None or not links.ids:
            errors.append(_nothing_associated(direction, item.id).as_item())
        else:
            results.append(_batch_result(links, item))
    return caller.answer(batch_answer(results, errors, now, now), 207 if errors else 200)


def _batch_result(links: Links, item: BatchReadInput) -> Json:
    page, following = links.page(item.after, BATCH_PAGE)
    result: Json = {"from": {"id": item.id}, "to": page}
    return result | {"paging": {"next": {"after": following}}} if following else result


def _direction(from_type: str, to_type: str) -> Direction:
    pair = (TYPES.get(from_type), TYPES.get(to_type))
    for direction in Direction:
        if direction.value[:2] == pair:
            return direction
    raise invalid(f"No association is defined from {from_type} to {to_type}")


def _links(world: World, portal: Portal, direction: Direction, from_id: str, *, numeric: bool) -> Links | None:
    """The associations of a record, or None when it does not exist."""
    if direction is Direction.FROM_CONTACT:
        contact = portal.contacts.get(from_id)
        return None if contact is None else Links(direction, world.readable_communications(portal, contact), numeric)
    communication = portal.communications.get(from_id)
    return None if communication is None else Links(direction, communication.contact_ids, numeric)


def _numeric(request: Request) -> bool:
    """v4 writes ids as numbers here, the dated versions as text."""
    return request.url.path.startswith("/crm/v4/")


def _nothing_associated(direction: Direction, from_id: str) -> ApiError:
    from_type, to_type, _ = direction.value
    return ApiError(
        404,
        "OBJECT_NOT_FOUND",
        f"No {to_type} is associated with {from_type} {from_id}.",
        sub_category="crm.associations.NO_ASSOCIATIONS_FOUND",
        context={"fromObjectId": [from_id], "fromObjectType": [from_type], "toObjectType": [to_type]},
    )
