"""The books of a run over the whole system: plain data, so that their audit can be tested.

On one side stands what people asked for and were told, on the other what the simulated HubSpot and Chert hold, what
lies in the topics, and the services' own records.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["accepted", "refused", "open"]
"""What whoever asked for a send was told in the end; `open` if nothing final."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One message that somebody wanted to be sent; its text is its own.

    Attributes:
        at: when, in seconds of the schedule.
        refusable: whether it may be refused: its account was disconnected meanwhile, or the contact opted out.
        forbidden: whether it must be.
        doubtful: whether Chert never said what became of an attempt, and the account has left since.
    """

    at: float
    source: str
    portal_id: int
    tenant: str
    contact_id: str
    phone: str
    text: str
    verdict: Verdict
    reason: str = ""
    refusable: bool = False
    forbidden: bool = False
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """One message that Chert sent."""

    message_id: str
    tenant: str
    phone: str
    text: str


@dataclass(frozen=True, slots=True)
class ToldSent:
    """One `message.sent`, or the record of a send in `actions`."""

    id: str
    portal_id: int
    tenant: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Said:
    """One reply of a lead."""

    at: float
    portal_id: int
    tenant: str
    contact_id: str
    chat_id: str
    message_id: str
    text: str

    @property
    def key(self) -> str:
        """The id of its entry, which its write carries."""
        return f"{self.portal_id}:{self.tenant}:{self.message_id}"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message in the topic, and when Chert got it, in Unix seconds."""

    message_id: str
    received_at: float


@dataclass(frozen=True, slots=True)
class Written:
    """One message on a timeline, in the order in which HubSpot logged it."""

    portal_id: int
    contact_ids: tuple[str, ...]
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """One `reply.recorded`, or the record of an entry in `timeline`."""

    id: str
    key: str


@dataclass(frozen=True, slots=True)
class Install:
    """One account in the end: what its admin did last, and what everybody holds of it.

    Attributes:
        wanted: whether the last act that was answered well connected it.
        hubspot: whether HubSpot has the app installed.
        oauth: what `oauth` answers.
        told: what the last tenant event says.
        label_wanted: the last label that was saved; none where nothing was.
        label_told: the one in the last tenant event.
        flaws: what is wrong with its tenant events, whatever happened.
    """

    portal_id: int
    wanted: bool
    hubspot: bool
    oauth: str
    told: str
    label_wanted: str | None = None
    label_told: str = ""
    flaws: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Books:
    """Everything that was collected."""

    asked: Sequence[Asked]
    sent: Sequence[Sent]
    told_sent: Sequence[ToldSent]
    kept_sends: Sequence[ToldSent]
    said: Sequence[Said]
    written: Sequence[Written]
    recorded: Sequence[Recorded]
    kept_entries: Sequence[Recorded]
    received: Sequence[Arrived]
    """Messages in the order in which the topic has them first."""
    installs: Sequence[Install]
