"""People whom HubSpot deletes for their privacy: none of their texts stays, not even after a replay."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from _whole_people import People
from pydantic import JsonValue
from pymongo import AsyncMongoClient

from contracts.topics import MESSAGE_RECEIVED
from harness.event_log import EventLog
from harness.operators import Operator
from harness.system import System
from harness.waiting import ConditionNotMetError, eventually, pace

PEOPLE: Final = 5
DATABASES: Final = ("actions", "timeline")
LOOK_SECONDS: Final = 2.0
PATIENCE_SECONDS: Final = 90.0


@dataclass(frozen=True, slots=True)
class Erased:
    """How many were deleted, how many texts of theirs were kept before, and where some are still."""

    people: int
    texts_before: int
    left: list[str]


async def erase(system: System, people: People) -> Erased:
    """Delete some, wait until their texts are gone, replay the topic, and look again."""
    texts = _chosen(people)
    every = [text for told in texts.values() for text in told]
    async with AsyncMongoClient[dict[str, Any]](system.addresses.mongo_url) as database:
        before = len(await _kept(database, every))
        for number, (portal_id, contact_id) in enumerate(texts):
            await people.hubspot.tell(portal_id, [_deletion(system, portal_id, contact_id, number)])

        async def gone() -> bool:
            await pace(LOOK_SECONDS)
            return not await _kept(database, every)

        try:
            await eventually(gone, what="deleted people's texts to go", seconds=PATIENCE_SECONDS)
        except ConditionNotMetError:
            return Erased(len(texts), before, await _kept(database, every))
        operator = Operator.of(system, "eraser")
        await asyncio.to_thread(operator.call, "replay", "topic", MESSAGE_RECEIVED.name, "--all", "--yes")
        log = EventLog(system.addresses.kafka_bootstrap)
        await log.wait_drained("timeline", MESSAGE_RECEIVED.name, seconds=PATIENCE_SECONDS)
        return Erased(len(texts), before, await _kept(database, every))


def _chosen(people: People) -> Mapping[tuple[int, str], list[str]]:
    """The texts of a few who both wrote and were written to, by account and contact."""
    still = {one.portal_id for one in people.accounts if not one.moving}
    texts = defaultdict[tuple[int, str], list[str]](list)
    for said in people.said:
        if said.portal_id in still and said.text.startswith(people.canary):
            texts[said.portal_id, said.contact_id].append(said.text)
    for wish in people.wanted:
        if (wish.account.portal_id, wish.contact_id) in texts:
            texts[wish.account.portal_id, wish.contact_id].append(wish.text)
    most = sorted(texts, key=lambda who: len(texts[who]), reverse=True)
    return {who: texts[who] for who in most[:PEOPLE]}


def _deletion(system: System, portal_id: int, contact_id: str, number: int) -> JsonValue:
    """HubSpot's event (hubspot-contract.md, section 3.2)."""
    return {
        "eventId": 900_000_000 + number,
        "subscriptionId": 1,
        "portalId": portal_id,
        "appId": system.credentials.hubspot_app_id,
        "occurredAt": int(system.now() * 1000),
        "subscriptionType": "contact.privacyDeletion",
        "attemptNumber": 0,
        "objectId": int(contact_id),
    }


async def _kept(database: AsyncMongoClient[dict[str, Any]], texts: list[str]) -> list[str]:
    """In which collections which of these texts are."""
    found = []
    for name in DATABASES:
        for collection in await database[name].list_collection_names():
            async for document in database[name][collection].find():
                written = repr(document)
                found += [f"a text in {name}.{collection}" for text in texts if text in written]
    return found
