"""What the ingress told, read from the topics: each fact with the ids that it was given."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from _ingress_deliveries import POISON, Fact

from contracts.contacts import ContactEvent
from contracts.deliveries import DeliveryRejected
from contracts.envelope import EventData, EventType
from contracts.messages import MessageReceived
from contracts.tenants import AppUninstalled
from contracts.topics import (
    APP_UNINSTALLED,
    CONTACT_CREATED,
    CONTACT_DELETED,
    CONTACT_ERASED,
    CONTACT_MERGED,
    CONTACT_RESTORED,
    CONTACT_UPDATED,
    DELIVERY_REJECTED,
    MESSAGE_RECEIVED,
)
from harness.event_log import EventLog

TOLD: Final = (
    APP_UNINSTALLED,
    CONTACT_CREATED,
    CONTACT_DELETED,
    CONTACT_ERASED,
    CONTACT_MERGED,
    CONTACT_RESTORED,
    CONTACT_UPDATED,
    DELIVERY_REJECTED,
    MESSAGE_RECEIVED,
)
"""Every event that the ingress tells."""


@dataclass(frozen=True, slots=True)
class Told:
    """What lies in the topics.

    Attributes:
        ids: the event ids under which each fact was told.
        records: how often each fact was told.
    """

    ids: Mapping[Fact, set[str]] = field(default_factory=lambda: defaultdict(set))
    records: Counter[Fact] = field(default_factory=Counter)

    def lost(self, facts: Iterable[Fact]) -> list[Fact]:
        """The facts that are in no topic."""
        return [fact for fact in facts if fact not in self.records]

    @property
    def doubled(self) -> int:
        """How many ids there are beyond one for each fact: repeats that no consumer could tell."""
        return sum(len(ids) - 1 for ids in self.ids.values())

    @property
    def shared(self) -> int:
        """How many facts have an id that another has too, so that a consumer would drop one of them."""
        named = Counter(event_id for ids in self.ids.values() for event_id in ids)
        return sum(count - 1 for count in named.values())

    @property
    def repeats(self) -> int:
        """How many records repeat a fact; each costs its consumers a look, and nothing else."""
        return self.records.total() - len(self.records)


async def read(bootstrap: str) -> Told:
    """Everything that is in the topics now."""
    told, log = Told(), EventLog(bootstrap)
    for kind in TOLD:
        for position in await log.all(cast("EventType[EventData]", kind)):
            fact = (kind.name, _marker(position.event.data))
            told.ids[fact].add(position.event.id)
            told.records[fact] += 1
    return told


def _marker(data: EventData) -> str:
    match data:
        case MessageReceived():
            return data.message_id
        case AppUninstalled():
            return str(data.portal_id)
        case DeliveryRejected():
            return found[0] if (found := POISON.search(data.payload)) else data.payload
        case ContactEvent():
            return f"{data.portal_id}:{data.contact_id}"
        case _:
            raise TypeError(type(data).__name__)
