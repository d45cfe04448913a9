"""What was told of every account: the three `tenant.*` topics, with the rules that hold for any history."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts.envelope import Event, EventType, decode
from contracts.tenants import TenantSnapshot, TenantUninstalled
from contracts.topics import TENANT_INSTALLED, TENANT_UNINSTALLED, TENANT_UPDATED
from harness.event_log import partitions_of

KINDS: Final[dict[str, EventType[Any]]] = {
    kind.name: kind for kind in (TENANT_INSTALLED, TENANT_UPDATED, TENANT_UNINSTALLED)
}
_POLL_MILLISECONDS: Final = 100
_FETCH_MILLISECONDS: Final = 20
"""How long the broker keeps a question open: a new one that names other partitions has to wait for it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as it lies in its topic."""

    event: Event[TenantSnapshot]
    place: tuple[str, int]
    offset: int


class TenantStream:
    """Every tenant event so far, by account."""

    def __init__(self, bootstrap: str) -> None:
        """Read from this Kafka, from the beginning."""
        self._bootstrap = bootstrap
        self._entries: dict[int, list[Entry]] = defaultdict(list)
        self._consumer: AIOKafkaConsumer | None = None
        self._partitions: list[TopicPartition] = []

    async def close(self) -> None:
        """Stop reading."""
        if self._consumer is not None:
            await self._consumer.stop()

    async def catch_up(self) -> None:
        """Read everything that is there now."""
        consumer = self._consumer or await self._open()
        ends = await consumer.end_offsets(self._partitions)
        while any([await consumer.position(one) < end for one, end in ends.items()]):
            for place, records in (await consumer.getmany(timeout_ms=_POLL_MILLISECONDS)).items():
                for record in records:
                    event = decode(KINDS[place.topic], record.headers, record.value)
                    entry = Entry(event, (place.topic, place.partition), record.offset)
                    self._entries[event.data.portal_id].append(entry)

    def told(self, portal_id: int) -> list[Event[TenantSnapshot]]:
        """An account's events in the order of their revisions, each once."""
        by_id = {entry.event.id: entry.event for entry in self._entries[portal_id]}
        return sorted(by_id.values(), key=lambda event: event.data.revision)

    def count(self, portal_id: int) -> int:
        """How many records an account has, repeated ones too."""
        return len(self._entries[portal_id])

    def flaws(self, portal_id: int) -> list[str]:
        """What is wrong with an account's events whatever happened: changed repeats, shared or unordered revisions."""
        entries, told = self._entries[portal_id], self.told(portal_id)
        same = {event.id: event for event in told}
        flaws = [f"{entry.event.id} told with two contents" for entry in entries if same[entry.event.id] != entry.event]
        if len({event.data.revision for event in told}) < len(told):
            flaws.append("two events share a revision")
        first: dict[tuple[tuple[str, int], str], Entry] = {}
        for entry in sorted(entries, key=lambda entry: (entry.place, entry.offset)):
            first.setdefault((entry.place, entry.event.id), entry)
        for place in {entry.place for entry in entries}:
            revisions = [entry.event.data.revision for (where, _), entry in first.items() if where == place]
            if revisions != sorted(revisions):
                flaws.append(f"revisions out of order in {place[0]}")
        return flaws

    async def _open(self) -> AIOKafkaConsumer:
        self._partitions = await partitions_of(self._bootstrap, *KINDS)
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=_FETCH_MILLISECONDS
        )
        await self._consumer.start()
        self._consumer.assign(self._partitions)
        return self._consumer


def reason_of(event: Event[TenantSnapshot]) -> str | None:
    """Why an account ended, if that is what an event tells."""
    return event.data.reason if isinstance(event.data, TenantUninstalled) else None
