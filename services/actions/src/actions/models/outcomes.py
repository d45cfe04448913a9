"""What a send comes to, for good."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Chert took the message.

    Attributes:
        message_id: Chert's id of it.
        lead_id: whom it went to, which is also the conversation.
        lead_created: whether this send created the lead.
        phone_line_id: the line that sent it.
    """

    message_id: str
    lead_id: str | None
    lead_created: bool
    phone_line_id: str | None
    kind: Literal["accepted"] = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The message is refused for good.

    Attributes:
        code: in the registry of chert-contract.md section 13.3.
        error: stable words for a person or a workflow branch.
        retryable: whether another send like it may succeed later.
        retry_after_seconds: when, if Chert said so.
    """

    code: int
    error: str
    retryable: bool = False
    retry_after_seconds: float | None = None
    kind: Literal["refused"] = "refused"


Outcome = Accepted | Refused
"""What a send came to, for good."""
