"""What stands before a project's next message: rows left in the inbox, and portions of messages set aside."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Queue:
    """A project's messages that are not on lanes yet. Rows that were left go first, then the portions by number.

    Attributes:
        chert_tenant: the project.
        left: how often rows were left in the inbox since there were none; zero says that there are none.
        first: the number of the oldest portion.
        end: the number after the newest portion's.
    """

    chert_tenant: str
    left: int = 0
    first: int = 0
    end: int = 0

    @property
    def portioned(self) -> bool:
        """Whether messages are set aside."""
        return self.first < self.end

    @property
    def empty(self) -> bool:
        """Whether nothing stands before the project's next message."""
        return self.left == 0 and not self.portioned


@dataclass(frozen=True, slots=True)
class Known:
    """What the inbox knows of messages that came.

    Attributes:
        rows: keys that are there, each with whether it still waits to be given to accounts.
        queues: by project, what stands before its messages; projects without are left out.
    """

    rows: Mapping[str, bool]
    queues: Mapping[str, Queue]
