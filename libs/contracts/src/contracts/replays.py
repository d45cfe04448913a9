"""Replaying: records that a consumer group is to work through again, as operators hand them to its service.

The work is that of the group alone: nothing is published to the topic, so no other consumer is disturbed.
Bytes of keys, headers and values travel as Latin-1 text, which keeps every byte and every ASCII letter as it is.
"""

from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_RECORDS: Final = 500
"""Of one batch: as many as a consumer takes from Kafka at a time."""

MAX_BATCH_BYTES: Final = 768 * 1024
"""Of a batch as JSON; a service takes bodies of up to 1 MiB."""


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReplayedRecord(_Message):
    """One record as it lies in Kafka.

    Attributes:
        partition: where it lay.
        offset: its place there.
        key: raw, as Latin-1.
        headers: raw, as Latin-1, in order.
        value: raw, as Latin-1.
    """

    partition: int = Field(ge=0)
    offset: int = Field(ge=0)
    key: str | None = Field(default=None, repr=False)
    headers: tuple[tuple[str, str | None], ...] = Field(default=(), repr=False, max_length=100)
    value: str | None = Field(default=None, repr=False)


class ReplayBatch(_Message):
    """`POST /ops/replay`.

    Attributes:
        topic: where the records come from.
        records: in the order in which they are to be worked through.
        dry_run: only say what would become of them.
        sends: whether work that sends something may be done too; asked for apart, because it cannot be undone.
        redrive: whether these are dead letters, which the group gave up and therefore never worked through.
    """

    topic: str = Field(min_length=1, max_length=249)
    records: tuple[ReplayedRecord, ...] = Field(max_length=MAX_RECORDS)
    dry_run: bool = True
    sends: bool = False
    redrive: bool = False


Outcome = Literal["skipped", "failed"]


class ReplayTrouble(BaseModel):
    """A record that was not worked through.

    Attributes:
        index: its place in the batch.
        outcome: `skipped` for what must not or need not be done, `failed` for what the handler gave up.
        reason: why, without content.
    """

    model_config = ConfigDict(frozen=True)

    index: int
    outcome: Outcome
    reason: str


class ReplayAnswer(BaseModel):
    """What became of a batch, or what would.

    Attributes:
        written: how many were worked through now.
        already: how many had been before; they change nothing.
        troubles: the others.
    """

    model_config = ConfigDict(frozen=True)

    written: int = 0
    already: int = 0
    troubles: tuple[ReplayTrouble, ...] = ()


class LogReplay(_Message):
    """`POST /ops/replay/event-log`: the same from Chert's own event log, a page at a time.

    Attributes:
        chert_tenant: whose log.
        since: from when on, by Chert's clock.
        cursor: where the page before ended.
        dry_run: only say what would become of the messages.
    """

    chert_tenant: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,100}$")
    since: datetime
    cursor: str | None = Field(default=None, max_length=2000)
    dry_run: bool = True


class LogReplayAnswer(ReplayAnswer):
    """What became of a page.

    Attributes:
        next_cursor: where the next one begins; none at the end.
        reached: when its newest message came.
    """

    next_cursor: str | None = None
    reached: datetime | None = None
