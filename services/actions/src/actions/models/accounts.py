"""An account as an operator sees its work."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AccountView:
    """What is to be done for an account.

    Attributes:
        waiting: created contacts and workflow steps that wait.
        oldest_at: since when the oldest of them does.
        working: whether a send is under way.
    """

    waiting: int = 0
    oldest_at: datetime | None = None
    working: bool = False
