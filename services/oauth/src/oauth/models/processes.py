"""What the processes of this service agree on: leases, sealing keys, how far a journal was read."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Lease:
    """Something that one process does at a time (`architecture.md`, rule 9).

    Attributes:
        name: what is done.
        holder: the process that holds it; none when given back.
        fence: counts the takings, so that a former holder cannot give back what is another's now.
        beat: moves whenever the holder shows life; a taking is a sign of life.
    """

    name: str
    holder: str | None
    fence: int
    beat: int


@dataclass(frozen=True, slots=True)
class Replica:
    """A process of this service, as the others know it.

    Attributes:
        id: the process.
        key_ids: the sealing keys that its key ring holds.
        wanted_key: the one that its ring calls current.
        sealing_key: the one that it seals with.
        beat: moves while it lives.
    """

    id: str
    key_ids: frozenset[str]
    wanted_key: str
    sealing_key: str
    beat: int


@dataclass(frozen=True, slots=True)
class JournalPosition:
    """How far HubSpot's webhooks journal was read.

    Attributes:
        offset: of the last page that was read; none before the first.
        read_at: when HubSpot last said what follows it.
        subscribed_at: when it last confirmed that it writes uninstalls there.
        version: counts the moves.
    """

    offset: str | None
    read_at: datetime
    subscribed_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """A line of the journal that says an account uninstalled an app."""

    portal_id: int
    app_id: int | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class JournalPage:
    """Uninstalls of a page of the journal; `complete` says whether all of the page could be read."""

    offset: str
    uninstalls: tuple[JournalEvent, ...]
    complete: bool
