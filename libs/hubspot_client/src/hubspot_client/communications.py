"""Communications: messages logged on a contact's timeline, written one by one or in batches, and read back.

HubSpot has no idempotency key, so a write is sent once and never repeated here. `write_trace_id` matches answers to
inputs and nothing more; after an ambiguous end the contact's communications are read back and compared.
Sources: hubspot-contract.md sections 5.2 to 5.4.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Final

from pydantic import AliasPath, Field, JsonValue

from hubspot_client.answers import JsonObject, Result, item_error, understood_as
from hubspot_client.connection import AccessTokens, Call, HubSpotConnection
from hubspot_client.contacts import is_record_id
from hubspot_client.errors import HubSpotError, MalformedAnswerError, NotFoundError

BATCH_LIMIT: Final = 100
"""The most inputs HubSpot takes in one batch."""

Unread = Callable[[Mapping[str, Collection[str]]], Awaitable[Collection[str]]]
"""Asked which of these communications, each with its contacts, are worth reading."""

_PROPERTIES: Final = ("hs_communication_body", "hs_timestamp")
_PAGES: Final = 1_000  # far more than any contact has; a cursor that never ends is a fault
_TO_CONTACT: Final = ({"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 81},)


@dataclass(frozen=True, slots=True)
class NewCommunication:
    """A message to log on one contact's timeline.

    `body` is rendered as rich text: escape it first. `timestamp`, aware, is its place on the timeline.
    """

    contact_id: str
    body: str = field(repr=False)
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class Communication:
    """A message on a timeline; `body` as HubSpot keeps it, which may differ from what was sent."""

    id: str
    body: str | None = field(default=None, repr=False)
    timestamp: datetime | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BatchCreated:
    """What became of each input of a batch, by its write trace id.

    `created` holds communication ids. `unanswered` names those about which HubSpot said nothing: reconcile them.
    """

    created: Mapping[str, str]
    failed: Mapping[str, HubSpotError]
    unanswered: frozenset[str]


class _Created(Result):
    id: str
    write_trace_id: str | None = Field(default=None, validation_alias="objectWriteTraceId")


class _CreatedBatch(Result):
    """200, 201 or 207: some results, some errors."""

    results: tuple[_Created, ...] = ()
    errors: tuple[dict[str, JsonValue], ...] = ()


class _Properties(Result):
    hs_communication_body: str | None = None
    hs_timestamp: datetime | None = None


class _Record(Result):
    id: str
    properties: _Properties
    created_at: datetime | None = Field(default=None, validation_alias="createdAt")

    def communication(self) -> Communication:
        kept = self.properties
        return Communication(self.id, kept.hs_communication_body, kept.hs_timestamp, self.created_at)


class _RecordBatch(Result):
    results: tuple[_Record, ...]
    errors: tuple[dict[str, JsonValue], ...] = ()


class _Associated(Result):
    id: str = Field(validation_alias="toObjectId", pattern=r"^[0-9]{1,20}$")


class _AssociatedOfOne(Result):
    of: str = Field(validation_alias=AliasPath("from", "id"))
    to: tuple[_Associated, ...] = ()
    after: str | None = Field(default=None, validation_alias=AliasPath("paging", "next", "after"))


class _Associations(Result):
    results: tuple[_AssociatedOfOne, ...]
    errors: tuple[dict[str, JsonValue], ...] = ()


class Communications:
    """The communications of installed accounts."""

    def __init__(self, connection: HubSpotConnection, access_tokens: AccessTokens) -> None:
        self._connection = connection
        self._access_tokens = access_tokens

    async def create(self, portal_id: int, new: NewCommunication, *, write_trace_id: str) -> str:
        """Log one message with its association, in one call, sent once; the communication's id.

        Raises:
            HubSpotError: after one that `may_have_happened`, read the contact's communications before trying again.
        """
        call = self._call(portal_id, self._connection.paths.communications, _input(write_trace_id, new))
        return (await self._connection.write(call, understood_as(_Created))).id

    async def batch_create(self, portal_id: int, new: Mapping[str, NewCommunication]) -> BatchCreated:
        """Log up to 100 messages in one call, each with its association; sent once.

        Args:
            portal_id: the account.
            new: the messages by write trace id.

        Raises:
            ValueError: the batch is empty or has more than 100 inputs.
            HubSpotError: the batch as a whole failed; `may_have_happened` then holds for each of its inputs.
        """
        if not 1 <= len(new) <= BATCH_LIMIT:
            raise ValueError(f"a batch has 1 to {BATCH_LIMIT} inputs, not {len(new)}")
        inputs = [_input(write_trace_id, message) for write_trace_id, message in new.items()]
        call = self._call(portal_id, self._connection.paths.communications_batch_create, {"inputs": inputs})
        batch = await self._connection.write(call, understood_as(_CreatedBatch))
        return _sorted_out(batch, frozenset(new))

    async def of_contact(self, portal_id: int, contact_id: str) -> AsyncIterator[Communication]:
        """One contact's communications; see `of_contacts`. A contact with up to 100 costs two calls.

        Raises:
            NotFoundError: without a call, for an id that is no number.
            HubSpotError: any leaf that a read can end with; what was yielded before stays true.
        """
        if not is_record_id(contact_id):
            raise NotFoundError
        async for _, communication in self.of_contacts(portal_id, [contact_id]):
            yield communication

    async def of_contacts(
        self, portal_id: int, contact_ids: Collection[str], unread: Unread | None = None
    ) -> AsyncIterator[tuple[str, Communication]]:
        """Communications with the contact of each, found by association and read as they are asked for.

        Within each page of associations, up to 100 for each contact, the newest ids come first. A contact that does
        not exist has none; neither has an id that is no number. Communications that are not `unread` are left out, and
        a page without any costs one call.

        Raises:
            HubSpotError: any leaf that a read can end with; what was yielded before stays true.
        """
        async for contacts in self._associated(portal_id, [one for one in contact_ids if is_record_id(one)]):
            wanted = contacts if unread is None else await unread(contacts)
            for chunk in _chunks(sorted(wanted, key=int, reverse=True)):
                for communication in await self._read(portal_id, chunk):
                    for contact_id in contacts.get(communication.id, ()):
                        yield contact_id, communication

    async def _associated(
        self, portal_id: int, contact_ids: Sequence[str]
    ) -> AsyncIterator[Mapping[str, Sequence[str]]]:
        """Pages of ids of the contacts' communications, each with its contacts."""
        path = self._connection.paths.contact_communications_batch_read
        inputs: list[dict[str, str]] = [{"id": contact_id} for contact_id in contact_ids]
        for _ in range(_PAGES):
            if not inputs:
                return
            page = await self._connection.read(
                self._call(portal_id, path, {"inputs": inputs}), understood_as(_Associations)
            )
            _only_missing(page.errors)
            contacts: dict[str, list[str]] = {}
            for result in page.results:
                for to in result.to:
                    contacts.setdefault(to.id, []).append(result.of)
            yield contacts
            inputs = [{"id": result.of, "after": result.after} for result in page.results if result.after]
        raise MalformedAnswerError

    async def _read(self, portal_id: int, ids: Sequence[str]) -> Iterator[Communication]:
        inputs = [{"id": communication_id} for communication_id in ids]
        body = {"inputs": inputs, "properties": _PROPERTIES, "propertiesWithHistory": []}
        call = self._call(portal_id, self._connection.paths.communications_batch_read, body)
        batch = await self._connection.read(call, understood_as(_RecordBatch))
        _only_missing(batch.errors)
        return (record.communication() for record in batch.results)

    def _call(self, portal_id: int, path: str, body: object) -> Call:
        access_token = partial(self._access_tokens, portal_id)
        return Call(method="POST", path=path, json=body, access_token=access_token, portal_id=portal_id)


def _input(write_trace_id: str, new: NewCommunication) -> dict[str, object]:
    """One message as HubSpot takes it. There is no channel type for iMessage; SMS is the nearest (section 5.2)."""
    return {
        "properties": {
            "hs_communication_channel_type": "SMS",
            "hs_communication_logged_from": "CRM",
            "hs_communication_body": new.body,
            "hs_timestamp": new.timestamp.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        },
        "associations": [{"to": {"id": new.contact_id}, "types": _TO_CONTACT}],
        "objectWriteTraceId": write_trace_id,
    }


def _sorted_out(batch: _CreatedBatch, sent: frozenset[str]) -> BatchCreated:
    """The parts of a batch's answer by write trace id; HubSpot promises no order."""
    created = {made.write_trace_id: made.id for made in batch.results if made.write_trace_id in sent}
    failed = {
        write_trace_id: item_error(error)
        for error in batch.errors
        for write_trace_id in _trace_ids(error)
        if write_trace_id in sent and write_trace_id not in created
    }
    return BatchCreated(created, failed, sent - created.keys() - failed.keys())


def _trace_ids(error: JsonObject) -> tuple[str, ...]:
    """The inputs that an error is about: `context.objectWriteTraceId`, a list or a single text."""
    context = error.get("context")
    named = context.get("objectWriteTraceId") if isinstance(context, dict) else None
    if isinstance(named, str):
        return (named,)
    return tuple(name for name in named if isinstance(name, str)) if isinstance(named, list) else ()


def _only_missing(errors: Sequence[JsonObject]) -> None:
    """Nothing, when the errors of a batch read only say that records are gone.

    Raises:
        HubSpotError: the first other error; a page with unread records must not pass for the whole page.
    """
    for error in map(item_error, errors):
        if not isinstance(error, NotFoundError):
            raise error


def _chunks(ids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    remaining = iter(ids)
    while chunk := tuple(islice(remaining, BATCH_LIMIT)):
        yield chunk
