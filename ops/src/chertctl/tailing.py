"""`chertctl topics lag`, `tail` and `show`: how far groups are, and what lies on topics."""

import heapq
import itertools
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Annotated, Final

import typer
from pydantic import JsonValue

from chertctl import lag as lags
from chertctl import reading
from chertctl.letters import written
from chertctl.outcomes import OperatorError, WrongCallError
from chertctl.reading import Lying, Place, Ranges, Topics
from chertctl.redaction import Redactor, seen
from chertctl.verbs import AsJson, Desk, Reason, run
from contracts.audits import RecordPlace

LATEST: Final = 20
"""How many records `tail` shows unless told otherwise."""

Phone = Annotated[str | None, typer.Option("--phone", help="In E.164; matched by its keyed hash.")]


def lag(
    group: Annotated[list[str] | None, typer.Option("--group", "-g", help="Only this group; repeatable.")] = None,
    topic: Annotated[str | None, typer.Option("--topic", help="Only this topic.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say how far each group is behind, in messages and in seconds."""

    async def work(desk: Desk) -> None:
        found = await lags.measure(desk.settings.need("kafka_bootstrap"), group, topic, desk.clock.now())
        show_lag(desk, found)

    run(work, as_json=as_json)


def show_lag(desk: Desk, found: Sequence[lags.Lag]) -> None:
    """Show how far groups are behind."""
    desk.screen.document([asdict(one) for one in found])
    desk.screen.table(
        ("group", "topic", "messages", "seconds", "partitions"),
        [(one.group, one.topic, one.messages, one.seconds, one.partitions) for one in found],
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records are shown, by what may be seen of them."""

    tenant: str | None
    id: str | None
    type: str | None
    phone: str | None

    def __call__(self, record: Mapping[str, JsonValue]) -> bool:
        """Whether a redacted record is one of them."""
        return (
            (self.tenant is None or self.tenant == record["tenant"])
            and (self.type is None or self.type == record["type"])
            and (self.id is None or self.id in (record["place"], record["id"], record["trace"]) or self._named(record))
            and (self.phone is None or _holds(record["data"], self.phone))
        )

    def _named(self, record: Mapping[str, JsonValue]) -> bool:
        return self.id is not None and _holds(record["data"], self.id)


def tail(
    topic: Annotated[str, typer.Argument(help="Which topic.")],
    tenant: Annotated[str | None, typer.Option("--tenant", help="Account or Chert tenant, as in the key.")] = None,
    id_: Annotated[
        str | None, typer.Option("--id", help="Any id that may be seen: event, message, chat, trace.")
    ] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Event type; in dead-letter topics.")] = None,
    phone: Phone = None,
    since_minutes: Annotated[float | None, typer.Option("--since-minutes", min=0, help="Only what is younger.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="The latest so many.")] = LATEST,
    as_json: AsJson = False,
) -> None:
    """Show the latest records of a topic, without texts and numbers.

    What is hidden cannot be searched for either; a phone number is matched by its keyed hash.
    """

    async def work(desk: Desk) -> None:
        redactor = redactor_of(desk)
        wanted = Wanted(tenant, id_, type_, None if phone is None else redactor.phone(phone))
        latest = _Latest(limit)
        async with reading.connected(desk.settings.need("kafka_bootstrap")) as topics:
            since = None if since_minutes is None else desk.clock.now() - timedelta(minutes=since_minutes)
            async for record in _records(desk, topics, topic, await topics.between(topic, since, None)):
                if wanted(shown := seen(record, redactor)):
                    latest.add(record.timestamp, shown)
        show_records(desk, latest.found())

    run(work, as_json=as_json)


def show(
    place: Annotated[str, typer.Argument(help="topic:partition:offset, as the lists say.")],
    reveal: Annotated[
        bool, typer.Option("--reveal", help="With its content; needs the permission and a reason.")
    ] = False,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Show one record; with --reveal its content too, which is written down."""

    async def work(desk: Desk) -> None:
        async with reading.connected(desk.settings.need("kafka_bootstrap")) as topics:
            record = await topics.one(Place.parse(place))
        shown = seen(record, redactor_of(desk))
        if reveal:
            shown["content"] = await revealed(desk, record, reason)
        desk.screen.document(shown)
        desk.screen.say(written(shown))

    run(work, as_json=as_json)


async def revealed(desk: Desk, record: Lying, reason: str | None) -> str:
    """A record's content, once the audit says who looked and why.

    Raises:
        WrongCallError: there is no reason.
        OperatorError: this operator has not the permission.
    """
    if not reason:
        raise WrongCallError("--reveal shows what a person wrote: say why with --reason.")
    if "reveal" not in desk.secrets.permissions:
        raise OperatorError("You have not the permission `reveal`; whoever keeps the operators' secrets file gives it.")
    async with desk.audit() as audit, audit.act("reveal", reason=reason, arguments={"place": str(record.place)}) as act:
        place = record.place
        act.places.append(
            RecordPlace(topic=place.topic, partition=place.partition, offset=place.offset, outcome="revealed")
        )
        act.result["revealed"] += 1
    return (record.value or b"").decode(errors="replace")


def redactor_of(desk: Desk) -> Redactor:
    """Hides what is personal; without a key of the operators its hashes are good for this one call."""
    key = desk.secrets.redaction_key
    return Redactor(secrets.token_bytes(32) if key is None else key.get_secret_value().encode())


async def _records(desk: Desk, topics: Topics, topic: str, ranges: Ranges) -> AsyncIterator[Lying]:
    total = sum(end - begin for begin, end in ranges.values())
    with desk.screen.progress(topic, total) as counter:
        done = 0
        async for records in topics.read(topic, ranges):
            done += len(records)
            counter.reach(done)
            for record in records:
                yield record


class _Latest:
    """The latest so many of what comes in any order."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._heap: list[tuple[float, int, dict[str, JsonValue]]] = []
        self._count = itertools.count()

    def add(self, timestamp: float, shown: dict[str, JsonValue]) -> None:
        heapq.heappush(self._heap, (timestamp, next(self._count), shown))
        if len(self._heap) > self._limit:
            heapq.heappop(self._heap)

    def found(self) -> list[dict[str, JsonValue]]:
        return [shown for _, _, shown in sorted(self._heap, key=lambda one: one[:2])]


def show_records(desk: Desk, found: Sequence[Mapping[str, JsonValue]]) -> None:
    """Show redacted records."""
    desk.screen.document(found)
    rows = [(one["place"], one["time"], one["type"], one["tenant"], one["id"]) for one in found]
    desk.screen.table(("place", "time", "type", "tenant", "id"), rows)
    if not found:
        desk.screen.say("No record is like that.")


def _holds(data: JsonValue, text: str) -> bool:
    match data:
        case dict():
            return any(_holds(value, text) for value in data.values())
        case list():
            return any(_holds(value, text) for value in data)
        case _:
            return not isinstance(data, bool) and data is not None and str(data) == text
