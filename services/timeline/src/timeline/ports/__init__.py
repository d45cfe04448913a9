"""What the handlers need from outside.

Every store method can be repeated when its answer was lost: the second call finds what the first one did.
"""

from dataclasses import dataclass

from timeline.ports.catching_up import ChertLog, Cursors, KnownMessages, Projects
from timeline.ports.contacts import LinkKeeper, Links, LinkStore, Retries, SentLinks, Unmatched
from timeline.ports.entries import (
    Communications,
    EntryHistory,
    EntryKeeper,
    EntryOutcomes,
    EntryPages,
    EntryReader,
    EntryRetention,
    EntryStore,
    IntentLog,
    NewEntries,
)
from timeline.ports.inbox import (
    InboxKeeper,
    InboxStore,
    Intake,
    KeptKeys,
    Receivers,
    Unassigned,
    WaitingRetention,
    WaitingRoom,
)
from timeline.ports.lanes import Breakers, LaneStore, LaneSweep, Leases, NewWork, WorkLists
from timeline.ports.outside import CallMeter, ContactSearch, FaultPoints, Timeline, Unread
from timeline.ports.queues import QueueAges, QueueEnds, QueueHeads, QueueStore
from timeline.ports.refs import InboxNames, InboxViews, NumberHash, RecordOwners, Refs
from timeline.ports.tenants import AccountData, LaneViews, Tenants, TenantStore, TenantWriter

__all__ = [
    "AccountData",
    "Breakers",
    "CallMeter",
    "ChertLog",
    "Communications",
    "ContactSearch",
    "Cursors",
    "EntryHistory",
    "EntryKeeper",
    "EntryOutcomes",
    "EntryPages",
    "EntryReader",
    "EntryRetention",
    "EntryStore",
    "FaultPoints",
    "InboxKeeper",
    "InboxNames",
    "InboxStore",
    "InboxViews",
    "Intake",
    "IntentLog",
    "KeptKeys",
    "KnownMessages",
    "LaneStore",
    "LaneSweep",
    "LaneViews",
    "Leases",
    "LinkKeeper",
    "LinkStore",
    "Links",
    "NewEntries",
    "NewWork",
    "NumberHash",
    "Outside",
    "Projects",
    "QueueAges",
    "QueueEnds",
    "QueueHeads",
    "QueueStore",
    "Receivers",
    "RecordOwners",
    "Refs",
    "Retries",
    "SentLinks",
    "Stores",
    "TenantStore",
    "TenantWriter",
    "Tenants",
    "Timeline",
    "Unassigned",
    "Unmatched",
    "Unread",
    "WaitingRetention",
    "WaitingRoom",
    "WorkLists",
]


@dataclass(frozen=True, slots=True)
class Stores:
    """Everything this service keeps."""

    inbox: InboxStore
    queues: QueueStore
    tenants: TenantStore
    links: LinkStore
    unmatched: Unmatched
    retries: Retries
    cursors: Cursors
    entries: EntryStore
    refs: Refs
    communications: Communications
    lanes: LaneStore


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything this service talks to on behalf of an account, and the places where it may die."""

    timeline: Timeline
    search: ContactSearch
    faults: FaultPoints
