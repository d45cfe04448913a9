"""What is kept: states, installations, doubts, leases, and what the processes agree on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from contracts.envelope import Event
from contracts.tenants import TenantSnapshot
from oauth.models import (
    Departure,
    EndReason,
    GrantCheck,
    HistoryEntry,
    Installation,
    JournalPosition,
    Lease,
    Replica,
    SealedTokens,
)


class StateStore(Protocol):
    """Which installs may still be finished, and by whom; what they are is with the browser."""

    async def issue(self, digest: str, user_id: str, expires_at: datetime) -> None:
        """Keep the digest of a user's state until it is consumed or purged."""
        ...

    async def consume(self, digest: str, user_id: str) -> bool:
        """Take it out, at most once ever; false if it is gone, or another user's."""
        ...

    async def purge(self, now: datetime) -> int:
        """Forget expired states; how many there were."""
        ...


class InstallationStore(Protocol):
    """Installations and what is still to be told of them, in one document each."""

    async def get(self, portal_id: int) -> Installation | None:
        """The installation of an account, active or not."""
        ...

    async def of_projects(self, project_ids: Sequence[str]) -> Sequence[Installation]:
        """Installations bound to these projects, by account id."""
        ...

    async def record_first(
        self, installation: Installation, event: Event[TenantSnapshot], entry: HistoryEntry
    ) -> Installation | None:
        """Write an account's first installation, the event that tells of it and the entry that remembers it, at once.

        The installation that lies there, if the account is known already; then nothing is written.
        """
        ...

    async def record(
        self, installation: Installation, event: Event[TenantSnapshot], entry: HistoryEntry, *, replacing: Installation
    ) -> bool:
        """Write an installation, event and entry, at once; false if it no longer is `replacing`.

        "No longer" means that its revision, token version or seal version moved.
        """
        ...

    async def page(self, after: int, limit: int) -> Sequence[Installation]:
        """Accounts with greater ids, by id."""
        ...

    async def bury(self, installation: Installation, tombstones: Sequence[Event[TenantSnapshot]]) -> bool:
        """Have tombstones told after all that is still to be told of it; false if the account moved on."""
        ...

    async def rotate_tokens(self, installation: Installation, tokens: SealedTokens) -> bool:
        """Give it new tokens; false if its token version moved.

        Neither a new revision nor a new seal version keeps fresh tokens out: HubSpot may not give them twice.
        """
        ...

    async def departing(self, now: datetime, limit: int) -> Sequence[Installation]:
        """Installations whose departure is due, oldest first."""
        ...

    async def move_departure(self, installation: Installation, departure: Departure | None) -> bool:
        """Note what a departure has come to, or that it is over; false if its revision or token version moved."""
        ...

    async def sealed_under(self, key_ids: Sequence[str], limit: int) -> Sequence[Installation]:
        """Installations of which a token, a departing one included, is sealed under one of these keys."""
        ...

    async def reseal(self, installation: Installation, *, replacing: Installation) -> bool:
        """Write the tokens of `installation`, sealed anew; false if revision, token version or seal version moved."""
        ...

    async def count_by_key(self) -> Mapping[str, int]:
        """How many sealed tokens lie under each key id, departing ones included."""
        ...


class HistoryStore(Protocol):
    """What was done to accounts: the latest beside the installation, as it was written; what is older is filed."""

    async def of(self, portal_ids: Sequence[int]) -> Mapping[int, Sequence[HistoryEntry]]:
        """The histories of these accounts as far as they are remembered (`remembered`), oldest first."""
        ...

    async def file(self, limit: int) -> int:
        """File what some installations carry, of those that carry much; how many there were."""
        ...

    async def file_one(self, portal_id: int) -> None:
        """File what one installation carries; of one that was purged nothing from before stays anywhere."""
        ...


class GrantCheckStore(Protocol):
    """Doubts about grants, at most one an account."""

    async def raise_doubt(self, check: GrantCheck) -> bool:
        """Note a doubt in place of an older one; false unless the account is active."""
        ...

    async def raise_doubts(self, check_id: str, reason: EndReason, due_at: datetime) -> int:
        """Note a doubt about every active account that has none; how many there were."""
        ...

    async def due(self, now: datetime, limit: int) -> Sequence[GrantCheck]:
        """Doubts whose time has come, oldest first."""
        ...

    async def settle(self, check: GrantCheck) -> None:
        """Forget this doubt, but not a newer one."""
        ...

    async def postpone(self, check: GrantCheck) -> None:
        """Replace the doubt of the same id, but not a newer one."""
        ...


class LeaseStore(Protocol):
    """Leases, by name."""

    async def current(self, name: str) -> Lease | None:
        """The lease as it lies there."""
        ...

    async def take(self, name: str, holder: str, *, replacing: Lease | None) -> Lease | None:
        """Hold it, one fence higher; none if it no longer is `replacing`."""
        ...

    async def give_back(self, lease: Lease) -> None:
        """Leave it to others, unless it is another's already."""
        ...


class JournalStore(Protocol):
    """How far the journal was read, durably."""

    async def position(self) -> JournalPosition | None:
        """Where we are; none before the first reading."""
        ...

    async def move(self, position: JournalPosition, *, replacing: JournalPosition | None) -> bool:
        """Move on; false if another process moved meanwhile."""
        ...


class ReplicaStore(Protocol):
    """The processes of this service, and the key that they seal with."""

    async def report(self, replica: Replica) -> None:
        """Say that a process lives, and what it knows."""
        ...

    async def all(self) -> Sequence[Replica]:
        """Every process that has reported and was not forgotten, by id."""
        ...

    async def forget(self, replica: Replica) -> None:
        """Remove a process, unless it has reported again."""
        ...

    async def sealing_key(self) -> str | None:
        """The id of the key that was agreed on; none before the first."""
        ...

    async def agree(self, key_id: str, *, replacing: str | None) -> bool:
        """Agree on another key; false if it no longer is `replacing`."""
        ...
