"""What operators did, as `chertctl` tells it before and after each act."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from contracts.envelope import EventData

MAX_PLACES = 500
"""Records named in one event; an act on more is told in several."""

Stage = Literal["began", "went_on", "done", "failed", "cancelled"]
"""`began` is durable before anything is done; an act without an end was cut off."""


class RecordPlace(EventData):
    """One record of a topic.

    Attributes:
        topic: where it lies.
        partition: in which partition.
        offset: at which place.
        outcome: what became of it: `redriven`, `failed`, `discarded`, `revealed`.
        reason: why, where there is a reason, without content.
    """

    topic: str = Field(min_length=1, max_length=249)
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)
    outcome: str = Field(min_length=1, max_length=50)
    reason: str | None = Field(default=None, max_length=500)


class OpsAudited(EventData):
    """One step of one act of an operator.

    Attributes:
        operator: who.
        action_id: the same for all steps of one act.
        verb: which command, `replay` or `tenant pause`.
        stage: which step of it.
        owner: the account or Chert tenant that it is about, where it is about one.
        arguments: what it was called with; phone numbers as keyed hashes, no content.
        reason: why, in the operator's words.
        result: counts by outcome.
        places: records that it was about.
        at: when.
    """

    operator: str = Field(min_length=1, max_length=100)
    action_id: str = Field(min_length=1, max_length=100)
    verb: str = Field(min_length=1, max_length=100)
    stage: Stage
    owner: str | None = Field(default=None, max_length=100)
    arguments: dict[str, str] = Field(default_factory=dict)
    reason: str | None = Field(default=None, max_length=1000)
    result: dict[str, int] = Field(default_factory=dict)
    places: tuple[RecordPlace, ...] = Field(default=(), max_length=MAX_PLACES)
    at: datetime
