"""Errors and what they mean: kinds as data, a policy of named figures, and reading a record whatever it holds."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeVar

from chassis.dead_letters import Record
from contracts.envelope import ContractError, Event, EventData, EventType, Headers, NewerVersionError, decode

D = TypeVar("D", bound=EventData)
T = TypeVar("T")


class Traced(Protocol):
    """What the policy knows of what it hands over."""

    @property
    def traceparent(self) -> str | None:
        """The work that told it."""
        ...


E = TypeVar("E", bound=Traced)

Decode = Callable[[EventType[D], Headers, bytes], T]
"""Makes of a record's headers and value what a handler takes; `contracts.envelope.decode` says how it refuses."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient a consumer is.

    Attributes:
        tries: calls of a handler before an unexpected error counts as final.
        retry_seconds: rest before the second call; doubles.
        handler_seconds: the longest one call may take; longer counts as a dependency that is away.
        pause_seconds: the first pause of a partition; doubles.
        longest_pause_seconds: the longest; one delivery's calls and a pause fit far inside Kafka's 300 s poll limit.
    """

    tries: int = 3
    retry_seconds: float = 0.05
    handler_seconds: float = 30.0
    pause_seconds: float = 0.1
    longest_pause_seconds: float = 5.0


class Kind(Enum):
    """What an error means for the record that met it."""

    RETRYABLE = "retryable"
    PERMANENT = "permanent"
    UNEXPECTED = "unexpected"


def _never(_: BaseException) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class ErrorKinds:
    """A service's errors by kind, as data; whatever is not named is unexpected.

    Attributes:
        retryable: our own dependency is away; a later delivery may succeed.
        permanent: this record will never succeed.
        refused_for_now: whether an error says that our own dependency is there and takes nothing now.
    """

    retryable: tuple[type[Exception], ...] = ()
    permanent: tuple[type[Exception], ...] = ()
    refused_for_now: Callable[[BaseException], bool] = _never

    def of(self, error: BaseException) -> Kind:
        """The kind of an error."""
        if isinstance(error, (*self.retryable, NewerVersionError)) or self.refused_for_now(error):
            return Kind.RETRYABLE
        return Kind.PERMANENT if isinstance(error, (*self.permanent, ContractError)) else Kind.UNEXPECTED


class TooSlowError(Exception):
    """A handler took longer than it may."""


class StrayCancellationError(Exception):
    """A handler was cancelled from within, by work that it awaited."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a handler's call did not succeed."""

    kind: Kind
    error: Exception


@dataclass(frozen=True, slots=True)
class Work(Generic[E]):
    """A record that was understood."""

    record: Record
    event: E


def read(event_type: EventType[D], record: Record) -> Event[D] | None:
    """Read a record as an event; see `read_as`."""
    return read_as(decode, event_type, record)


def read_as(reader: Decode[D, T], event_type: EventType[D], record: Record) -> T | None:
    """Read a record, whatever its bytes are; none for a tombstone where one is legal.

    Raises:
        ContractError: it is not the event its topic promises.
        NewerVersionError: this release cannot read it yet.
    """
    if record.value is None:
        if event_type.compacted:
            return None
        raise ContractError("value is missing")
    try:
        return reader(event_type, [(name, text or b"") for name, text in record.headers], record.value)
    except (ContractError, NewerVersionError):
        raise
    except Exception as error:
        raise ContractError(f"could not be read: {type(error).__name__}") from error


def header(record: Record, name: str) -> str | None:
    """A header as text for a log line, whatever its bytes are."""
    found = next((value for key, value in record.headers if key == name and value), None)
    return None if found is None else found[:200].decode(errors="replace")
