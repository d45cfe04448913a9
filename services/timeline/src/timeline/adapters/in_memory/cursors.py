"""How far logs were read, in memory, and a log that holds what it is given."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from contracts.messages import MessageReceived
from timeline.errors import ChertAwayError
from timeline.models import Cursor, LogPage


class InMemoryCursors:
    """Where each reading ended, and when the next is due, by project."""

    def __init__(self) -> None:
        self.read_until: dict[str, datetime] = {}
        self._next_at: dict[str, datetime] = {}

    async def claim(
        self, chert_tenants: Collection[str], now: datetime, next_at: datetime, *, begin: datetime
    ) -> Sequence[Cursor]:
        """Those that are due, which nobody else gets before `next_at`; one that is new begins at `begin`."""
        due = [one for one in sorted(chert_tenants) if not now < self._next_at.get(one, now) <= next_at]
        for one in due:
            self._next_at[one] = next_at
        return [Cursor(one, self.read_until.setdefault(one, begin)) for one in due]

    async def advance(self, chert_tenant: str, read_until: datetime) -> None:
        """Everything up to this moment is known; it never goes back."""
        self.read_until[chert_tenant] = max(self.read_until[chert_tenant], read_until)


@dataclass
class InMemoryChertLog:
    """Chert's log: pages of `size`; `away` names projects whose log cannot be read."""

    messages: list[MessageReceived] = field(default_factory=list)
    away: set[str] = field(default_factory=set)
    size: int = 2
    reads: list[tuple[str, datetime]] = field(default_factory=list)

    async def page(self, chert_tenant: str, since: datetime, cursor: str | None) -> LogPage:
        """One page."""
        if chert_tenant in self.away:
            raise ChertAwayError("503")
        self.reads.append((chert_tenant, since))
        own = [one for one in self.messages if one.chert_tenant == chert_tenant and one.received_at >= since]
        start = int(cursor or 0)
        page = sorted(own, key=lambda one: one.received_at)[start : start + self.size]
        following = str(start + self.size) if start + self.size < len(own) else None
        return LogPage(page, following, max((one.received_at for one in page), default=None))
