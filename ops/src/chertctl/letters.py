"""Dead letters as an operator sees them: where each lies, why, and what operators did to it.

Kafka forgets a dead letter by its age alone. That one was redriven or discarded stands in the audit, which is kept at
least as long, so there is no second store that could disagree.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self

from chertctl.audit_trail import read_audits
from chertctl.reading import Lying, Place, Topics
from chertctl.redaction import trace_of
from chertctl.screen import Screen
from contracts.topics import EVENT_TYPES, OPS_AUDITED, owner_of

SUFFIX: Final = ".dlq"

State = Literal["open", "redriven", "discarded"]


@dataclass(frozen=True, slots=True)
class Deed:
    """What an operator did to a letter."""

    at: str
    operator: str
    outcome: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter.

    Attributes:
        record: as it lies in the dead-letter topic.
        topic: where it came from.
        group: who gave it up.
        deeds: what operators did to it, oldest first.
    """

    record: Lying
    topic: str
    group: str
    deeds: tuple[Deed, ...] = ()

    @property
    def state(self) -> State:
        """Whether it is still to be dealt with; a redrive that failed leaves it open."""
        last = next((deed.outcome for deed in reversed(self.deeds) if deed.outcome in {"redriven", "discarded"}), None)
        return "redriven" if last == "redriven" else "discarded" if last == "discarded" else "open"

    @property
    def reason(self) -> str:
        """Why it died, without content."""
        return self.record.header("dlq_reason")

    @property
    def tenant(self) -> str:
        """Whose it is."""
        return owner_of(self.record.key)

    def document(self) -> dict[str, object]:
        """What is shown of it in a list."""
        return {
            "place": str(self.record.place),
            "topic": self.topic,
            "group": self.group,
            "tenant": self.tenant,
            "id": self.record.header("ce_id"),
            "error": self.record.header("dlq_error_type"),
            "reason": self.reason,
            "attempts": self.record.header("dlq_attempts"),
            "died_at": self.record.header("dlq_time"),
            "came_from": self._origin(),
            "trace": trace_of(self.record),
            "state": self.state,
            "history": [
                {"at": deed.at, "operator": deed.operator, "outcome": deed.outcome, "reason": deed.reason}
                for deed in self.deeds
            ],
        }

    def _origin(self) -> str:
        header = self.record.header
        return f"{header('dlq_topic')}:{header('dlq_partition')}:{header('dlq_offset')}"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which letters are meant.

    Attributes:
        topic: of this source topic.
        group: given up by this group.
        tenant: of this account or Chert tenant.
        reason: whose reason holds these words.
        settled: also those that were redriven or discarded.
    """

    topic: str | None = None
    group: str | None = None
    tenant: str | None = None
    reason: str | None = None
    settled: bool = False

    @property
    def narrow(self) -> bool:
        """Whether it leaves anything out."""
        return any((self.topic, self.group, self.tenant, self.reason))

    def __call__(self, letter: Letter) -> bool:
        """Whether a letter is meant."""
        return (
            (self.topic in (None, letter.topic))
            and (self.group in (None, letter.group))
            and (self.tenant in (None, letter.tenant))
            and (self.reason is None or self.reason in letter.reason)
            and (self.settled or letter.state == "open")
        )


@dataclass(frozen=True, slots=True)
class Source:
    """A dead-letter topic: whose, and of which topic."""

    name: str
    topic: str
    group: str

    @classmethod
    def of(cls, name: str) -> Self | None:
        """The source of that name, if it is one: `<topic>.<group>.dlq`."""
        if not name.endswith(SUFFIX):
            return None
        topic, _, group = name.removesuffix(SUFFIX).rpartition(".")
        return cls(name, topic, group) if topic in EVENT_TYPES else None


Deeds = Mapping[Place, Sequence[Deed]]


async def letters(topics: Topics, choice: Choice, screen: Screen) -> list[Letter]:
    """Every letter that is meant, the oldest first."""
    done = await deeds(topics)
    found: list[Letter] = []
    sources = [source for name in await topics.names() if (source := Source.of(name)) is not None]
    for source in sources:
        if choice.topic in (None, source.topic) and choice.group in (None, source.group):
            found += [one for one in await _read(topics, source, done, screen) if choice(one)]
    return sorted(found, key=lambda one: (one.record.timestamp, str(one.record.place)))


async def letter_at(topics: Topics, place: Place) -> Letter:
    """The letter at a place.

    Raises:
        OperatorError: there is none.
    """
    source = Source.of(place.topic)
    record = await topics.one(place)
    if source is None:
        return Letter(record, place.topic, "")
    return Letter(record, source.topic, source.group, tuple((await deeds(topics)).get(place, ())))


async def deeds(topics: Topics) -> Deeds:
    """What operators did to which letter, oldest first."""
    if OPS_AUDITED.name not in await topics.names():
        return {}
    found: dict[Place, list[Deed]] = defaultdict(list)
    async for audited in read_audits(topics, await topics.whole(OPS_AUDITED.name)):
        for place in audited.places:
            deed = Deed(audited.at.isoformat(), audited.operator, place.outcome, place.reason or audited.reason)
            found[Place(place.topic, place.partition, place.offset)].append(deed)
    return {place: sorted(done, key=lambda deed: deed.at) for place, done in found.items()}


async def _read(topics: Topics, source: Source, done: Deeds, screen: Screen) -> list[Letter]:
    ranges = await topics.whole(source.name)
    found: list[Letter] = []
    with screen.progress(source.name, sum(end - begin for begin, end in ranges.values())) as counter:
        async for records in topics.read(source.name, ranges):
            found += [
                Letter(record, source.topic, source.group, tuple(done.get(record.place, ()))) for record in records
            ]
            counter.reach(len(found))
    return found


def written(document: Mapping[str, object]) -> str:
    """A letter for people."""
    return json.dumps(document, indent=2, ensure_ascii=False, default=str)
