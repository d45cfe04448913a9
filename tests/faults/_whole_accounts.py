"""Accounts of the run over the whole system, who is in them, and what somebody wanted."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from _whole_books import Asked, Verdict
from _whole_schedule import Act

FIRST_PORTAL: Final = 60_000_000
FIRST_NUMBER: Final = 2_250_000_000
NEW_NUMBER: Final = FIRST_NUMBER + 500_000_000
"""From where numbers of created contacts are counted."""
AFTERWARDS: Final = 1_000_000
"""From where acts are numbered that no schedule has."""
MOVING_EVERY: Final = 10
"""Every how many accounts one is connected and disconnected time and again."""
CREATING_EVERY: Final = 4
"""Every how many accounts one sends a message to each contact that is created."""
CREATING_FIRST: Final = 1


@dataclass(frozen=True, slots=True)
class Person:
    """A contact of an account, who has a phone."""

    contact_id: str
    phone: str


@dataclass
class Account:
    """One HubSpot account, its project at Chert, and what its admin did last."""

    number: int
    people: list[Person] = field(default_factory=list)
    connected: bool = True
    moved: int = 0
    label: str | None = None
    stopped: bool = False
    alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def portal_id(self) -> int:
        """HubSpot's id of it."""
        return FIRST_PORTAL + self.number

    @property
    def slug(self) -> str:
        """The project."""
        return f"whole-{self.number}"

    @property
    def user(self) -> str:
        """Who may see the project."""
        return f"ada@{self.slug}.test"

    @property
    def moving(self) -> bool:
        """Whether it comes and goes."""
        return self.number % MOVING_EVERY == 0

    @property
    def creating(self) -> bool:
        """Whether a created contact gets a message."""
        return self.number % CREATING_EVERY == CREATING_FIRST

    @property
    def stopper(self) -> Person:
        """Who opts out, and does nothing else."""
        return self.people[-1]

    @property
    def settings(self) -> dict[str, str]:
        """What the form holds, but for the label."""
        creating = {"auto_send_on_create": "on", "auto_send_template": "Welcome {{ contact.firstname }}"}
        return {
            "auto_create_leads": "on",
            "default_region": "US",
            "retention_days": "90",
            **(creating if self.creating else {}),
        }


@dataclass
class Wanted:
    """One wish of somebody, and what is known of it so far."""

    act: Act
    source: str
    account: Account
    contact_id: str
    phone: str
    text: str
    callback_id: str = ""
    client_id: str = ""
    verdict: Verdict = "open"
    reason: str = ""
    refusable: bool = False
    forbidden: bool = False

    def closed(self, doubtful: Collection[str]) -> Asked:
        """As it stands in the books; `doubtful` are the sends of which nobody knows whether they went out."""
        name = f":{self.callback_id or self.client_id}"
        return Asked(
            at=self.act.at,
            source=self.source,
            portal_id=self.account.portal_id,
            tenant=self.account.slug,
            contact_id=self.contact_id,
            phone=self.phone,
            text=self.text,
            verdict=self.verdict,
            reason=self.reason,
            refusable=self.refusable,
            forbidden=self.forbidden,
            doubtful=len(name) > 1 and self.account.moving and any(one.endswith(name) for one in doubtful),
        )


def account_of(act: Act, accounts: Sequence[Account]) -> Account:
    """Whose act it is: the account that was drawn, or the nearest of those that move or create."""
    group = {"move": (MOVING_EVERY, 0), "creation": (CREATING_EVERY, CREATING_FIRST)}.get(act.kind)
    if group is None:
        return accounts[act.account]
    every, first = group
    return accounts[min(act.account // every * every + first, len(accounts) - 1)]
