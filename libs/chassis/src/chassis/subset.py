"""The subset of MongoDB that our code may use, watched: what works the same on a cluster and on the embedded server.

Not allowed: transactions, change streams, pipeline updates, unique indexes with a filter, and whatever else is not
listed here. A test attaches it with `connect(..., event_listeners=[listener])` and looks at `violations` at the end.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

_HOUSEKEEPING: Final = frozenset(
    {"hello", "ismaster", "ping", "buildInfo", "endSessions", "killCursors", "getMore", "drop", "dropDatabase"}
    | {"listCollections", "listDatabases", "listIndexes", "saslStart", "saslContinue"}
)
_QUERY: Final = frozenset(
    {"$in", "$nin", "$or", "$and", "$exists", "$eq", "$ne", "$lt", "$lte", "$gt", "$gte", "$elemMatch"}
)
_UPDATE: Final = frozenset({"$set", "$unset", "$inc", "$max", "$min", "$push", "$pull", "$setOnInsert"})
_IN_UPDATE: Final = _QUERY | {"$each"}
_STAGES: Final = frozenset({"$match", "$group", "$sort", "$limit"})
_IN_GROUP: Final = frozenset({"$sum", "$min", "$max", "$first", "$last", "$push"})


class SubsetListener(CommandListener):
    """Notes every command that leaves the subset; PyMongo swallows what a listener raises."""

    def __init__(self) -> None:
        self.violations: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        """Look at a command on its way out."""
        self.violations.extend(f"{event.command_name}: {fault}" for fault in faults(event.command_name, event.command))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing: what was asked is judged, not what was answered."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing: what was asked is judged, not what was answered."""


def faults(name: str, command: Mapping[str, Any]) -> Iterator[str]:
    """What in a command leaves the subset."""
    if "startTransaction" in command or "autocommit" in command:
        yield "transaction"
    if "txnNumber" in command:
        yield "retryable write"
    if name in _JUDGES:
        yield from _JUDGES[name](command)
    elif name not in _HOUSEKEEPING:
        yield "command"


def _find(command: Mapping[str, Any]) -> Iterator[str]:
    return _unknown(command.get("filter", command.get("query", {})), _QUERY)


def _delete(command: Mapping[str, Any]) -> Iterator[str]:
    for delete in command["deletes"]:
        yield from _unknown(delete["q"], _QUERY)


def _updates(command: Mapping[str, Any]) -> Iterator[str]:
    for update in command["updates"]:
        yield from _update(update["q"], update["u"])


def _find_and_modify(command: Mapping[str, Any]) -> Iterator[str]:
    return _update(command.get("query", {}), command.get("update", {}))


def _update(query: Mapping[str, Any], update: Mapping[str, Any] | Sequence[Any]) -> Iterator[str]:
    yield from _unknown(query, _QUERY)
    if not isinstance(update, Mapping):
        yield "pipeline update"
        return
    for operator, fields in update.items():
        if operator.startswith("$") and operator not in _UPDATE:
            yield operator
        yield from _unknown(fields if operator.startswith("$") else {}, _IN_UPDATE)


def _aggregate(command: Mapping[str, Any]) -> Iterator[str]:
    for stage in command["pipeline"]:
        for name, content in stage.items():
            if name not in _STAGES:
                yield name
            elif name == "$match":
                yield from _unknown(content, _QUERY)
            elif name == "$group":
                yield from _unknown(content, _IN_GROUP)


def _create_indexes(command: Mapping[str, Any]) -> Iterator[str]:
    for index in command["indexes"]:
        if index.get("unique") and (index.get("sparse") or "partialFilterExpression" in index):
            yield f"unique index {index.get('name')} with a filter"


def _unknown(value: object, known: frozenset[str]) -> Iterator[str]:
    """Operators that are not known, at any depth: those of a query stand inside the values of its fields."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key.startswith("$") and key not in known:
                yield key
            yield from _unknown(inner, known)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _unknown(inner, known)


_JUDGES: Final[dict[str, Callable[[Mapping[str, Any]], Iterator[str]]]] = {
    "insert": lambda _: iter(()),
    "find": _find,
    "distinct": _find,
    "delete": _delete,
    "update": _updates,
    "findAndModify": _find_and_modify,
    "aggregate": _aggregate,
    "createIndexes": _create_indexes,
}
