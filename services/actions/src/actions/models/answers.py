"""What the caller of a send is told."""

from dataclasses import dataclass

from actions.models.outcomes import Outcome
from actions.models.steps import Reply


@dataclass(frozen=True, slots=True)
class Blocked:
    """Nothing is final: HubSpot holds the step until we complete it.

    Attributes:
        expiration: for how long at most, in ISO 8601.
    """

    expiration: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller is told.

    Attributes:
        outcome: of the send.
        duplicate: whether it was known before this call.
        reply: what came of waiting for one.
    """

    outcome: Outcome
    duplicate: bool
    reply: Reply | None = None
