"""Held messages: what a group keeps aside of an owner whose messages keep dying, until an operator releases it."""

from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

MAX_RELEASED: Final = 100
"""Messages that one call works through at most."""


class HeldLane(BaseModel):
    """Messages of one owner on one partition, held together so that their order is kept.

    Attributes:
        topic: where they come from.
        partition: of it.
        owner: whose they are: an account or a Chert tenant.
        messages: how many.
        oldest_at: since when the first of them is held.
    """

    model_config = ConfigDict(frozen=True)

    topic: str
    partition: int
    owner: str
    messages: int
    oldest_at: datetime


class HeldAnswer(BaseModel):
    """`GET /ops/held`: everything that this group holds, the oldest first."""

    model_config = ConfigDict(frozen=True)

    lanes: tuple[HeldLane, ...] = ()


class HeldRelease(BaseModel):
    """`POST /ops/held/release`: work through what is held of an owner on a partition, in order, some of it at a time.

    Attributes:
        topic: where they come from.
        partition: of it.
        owner: whose.
        sends: whether work that sends something may be done; asked for apart, because it cannot be undone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: str = Field(min_length=1, max_length=249)
    partition: int = Field(ge=0)
    owner: str = Field(max_length=500)
    sends: bool = False


class HeldReleased(BaseModel):
    """What became of them.

    Attributes:
        handled: how many were worked through.
        dead_lettered: how many were given up, and lie among the dead letters.
        left: how many are held still; with more than none, the same call goes on.
    """

    model_config = ConfigDict(frozen=True)

    handled: int = 0
    dead_lettered: int = 0
    left: int = 0
