"""What operators ask of a service over its `/ops/*` routes (`architecture.md`, section 4, ops command).

Every call carries `Authorization: Bearer <credential of "ops">`; a refusal is a `contracts.failures.Failure`.
Ids travel in bodies, never in an address, because a phone number may be one.
"""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

MAX_ID_LENGTH = 512
"""Of an id that is asked for, in characters."""

MAX_STEPS = 200
"""Of one answer; the newest are kept."""


class WhereQuestion(BaseModel):
    """`POST /ops/where`: where is this id?

    Any id of the product: message, event, trace, communication, callback, contact, chat, or a phone number in E.164.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1, max_length=MAX_ID_LENGTH, repr=False)


class WhereStep(BaseModel):
    """One thing that happened to what was asked for, as one service knows it; no text, no number.

    Attributes:
        at: when.
        service: who knows it.
        what: a stable word: `received`, `assigned`, `waiting`, `written`, `sent`, `refused`, `dead_lettered`, ….
        portal_id: the account, where one is known.
        project_id: the project or Chert tenant, where one is known.
        ids: related ids by kind (`message_id`, `chat_id`, `communication_id`, `callback_id`, `trace_id`, …).
        detail: why, in words for people.
    """

    model_config = ConfigDict(frozen=True)

    at: datetime
    service: str
    what: str
    portal_id: int | None = None
    project_id: str | None = None
    ids: dict[str, str] = Field(default_factory=dict)
    detail: str | None = None


class WhereAnswer(BaseModel):
    """What one service knows of an id, oldest first; nothing known is an empty answer, not a failure.

    Attributes:
        steps: at most `MAX_STEPS`.
        next: the next thing that will happen, in words, and `next_at` when; none when all is done.
    """

    model_config = ConfigDict(frozen=True)

    steps: tuple[WhereStep, ...] = ()
    next: str | None = None
    next_at: datetime | None = None
