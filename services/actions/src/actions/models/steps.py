"""A step of a workflow that HubSpot holds until we complete it: waiting to be sent, or for a reply.

What became of the message stands with its send; here stands what the step waits for.
"""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from actions.models.outcomes import Outcome

WAIT_DAYS: Final = 3
"""How long a step waits to be sent unless its workflow says otherwise: as long as HubSpot itself would try."""

_MARGIN: Final = timedelta(hours=1)
"""How much later HubSpot lets a step expire than we end it: time enough to tell it."""

WhenNotNow = Literal["default", "refuse", "wait"]
"""What to do when Chert cannot send now. `default`: what passes by itself waits, a used-up daily cap is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPlan:
    """What the workflow's author chose.

    Attributes:
        callback_id: by which HubSpot knows the step.
        if_not_now: refuse, or wait.
        wait_days: how long to wait at most until it is sent.
        reply_days: how long to wait for a reply after that; none goes on at once.
    """

    callback_id: str
    if_not_now: WhenNotNow = "default"
    wait_days: int = WAIT_DAYS
    reply_days: int | None = None

    @property
    def expiration(self) -> str:
        """How long HubSpot may block the step: longer than we ever take. ISO 8601, the same in every answer."""
        waiting = 0 if self.if_not_now == "refuse" else self.wait_days
        longest = timedelta(days=waiting + (self.reply_days or 0)) + _MARGIN
        return f"PT{math.ceil(longest / timedelta(hours=1))}H"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of waiting for one."""

    replied: bool
    text: str = field(default="", repr=False)
    at: datetime | None = None


StepState = Literal["parked", "awaiting_reply", "completing"]
"""`parked`: to be sent later; `completing`: its outcome is known, and HubSpot is to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step that HubSpot holds.

    Attributes:
        key: of its send.
        plan: what its workflow chose.
        state: what it waits for.
        due_at: when somebody has to look at it.
        opened_at: when it was blocked.
        chert_tenant: whose conversation it is.
        phone_line_id: the line that it is to be sent from; none leaves it to Chert.
        chat_id: where a reply would arrive, once that is known.
        sent_at: a reply is what arrived after this.
        outcome: of the send, once that is final.
        reply: what came of waiting for one.
        turn: counts the changes; every change names the turn it was made in.
        tries: how often telling HubSpot has failed.
    """

    key: str
    portal_id: int
    contact_id: str
    plan: StepPlan
    state: StepState
    due_at: datetime
    opened_at: datetime
    chert_tenant: str
    phone_line_id: str | None = None
    chat_id: str | None = None
    sent_at: datetime | None = None
    outcome: Outcome | None = None
    reply: Reply | None = None
    turn: int = 1
    tries: int = 0

    @property
    def send_by(self) -> datetime:
        """Until when it may wait to be sent."""
        return self.opened_at + timedelta(days=self.plan.wait_days)

    @property
    def reply_by(self) -> datetime:
        """Until when it waits for a reply."""
        return (self.sent_at or self.opened_at) + timedelta(days=self.plan.reply_days or 0)

    @property
    def over_at(self) -> datetime:
        """When HubSpot has gone on by itself at the latest."""
        return self.opened_at + timedelta(days=self.plan.wait_days + (self.plan.reply_days or 0)) + 2 * _MARGIN
