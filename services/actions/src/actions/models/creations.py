"""Created contacts on their way to the project's template, and what became of each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

SkipReason = Literal[
    "not_connected",
    "off",
    "too_old",
    "before_install",
    "imported",
    "contact_gone",
    "contact_unreadable",
    "has_conversation",
    "number_was_sent_to",
    "no_template",
]
"""Why a created contact gets no template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """A contact that was created, and when it is looked at next.

    Attributes:
        portal_id: the account.
        contact_id: the contact.
        occurred_at: when it was created.
        change_source: what created it, in HubSpot's words.
        due_at: not before then.
        attempts: how often it was put off.
    """

    portal_id: int
    contact_id: str
    occurred_at: datetime
    change_source: str | None
    due_at: datetime
    attempts: int = 0

    @property
    def key(self) -> str:
        """The claim on the contact (`architecture.md`, rule 2)."""
        return f"cc:{self.portal_id}:{self.contact_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledCreation:
    """What became of a created contact, for good.

    Attributes:
        key: the claim on the contact.
        portal_id: the account.
        status: `sent` and `refused` have a send of the same key.
        reason: why it was skipped.
        at: when that was settled.
        trace_id: finds the work in logs.
    """

    key: str
    portal_id: int
    status: Literal["sent", "refused", "skipped"]
    reason: SkipReason | None
    at: datetime
    trace_id: str
