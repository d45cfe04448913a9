"""What processes agree on, in memory: leases, how far the journal was read, and the key that they seal with."""

from collections.abc import Sequence
from dataclasses import replace

from oauth.models import JournalPosition, Lease, Replica


class InMemoryLeaseStore:
    """Leases, by name."""

    def __init__(self) -> None:
        self._leases: dict[str, Lease] = {}

    async def current(self, name: str) -> Lease | None:
        """The lease as it lies there."""
        return self._leases.get(name)

    async def take(self, name: str, holder: str, *, replacing: Lease | None) -> Lease | None:
        """Hold it, one fence higher; none if it no longer is `replacing`."""
        if self._leases.get(name) != replacing:
            return None
        former = replacing or Lease(name, None, fence=0, beat=0)
        self._leases[name] = replace(former, holder=holder, fence=former.fence + 1, beat=former.beat + 1)
        return self._leases[name]

    async def give_back(self, lease: Lease) -> None:
        """Leave it to others, unless it is another's already."""
        current = self._leases.get(lease.name)
        if current is not None and current.fence == lease.fence:
            self._leases[lease.name] = replace(current, holder=None)


class InMemoryJournalStore:
    """How far the journal was read."""

    def __init__(self) -> None:
        self._position: JournalPosition | None = None

    async def position(self) -> JournalPosition | None:
        """Where we are; none before the first reading."""
        return self._position

    async def move(self, position: JournalPosition, *, replacing: JournalPosition | None) -> bool:
        """Move on; false if another process moved meanwhile."""
        if (self._position and self._position.version) != (replacing and replacing.version):
            return False
        self._position = position
        return True


class InMemoryReplicaStore:
    """The processes of this service, and the key that they seal with."""

    def __init__(self) -> None:
        self._replicas: dict[str, Replica] = {}
        self._agreed: str | None = None

    async def report(self, replica: Replica) -> None:
        """Say that a process lives, and what it knows."""
        self._replicas[replica.id] = replica

    async def all(self) -> Sequence[Replica]:
        """Every process that has reported and was not forgotten, by id."""
        return sorted(self._replicas.values(), key=lambda replica: replica.id)

    async def forget(self, replica: Replica) -> None:
        """Remove a process, unless it has reported again."""
        current = self._replicas.get(replica.id)
        if current is not None and current.beat == replica.beat:
            del self._replicas[replica.id]

    async def sealing_key(self) -> str | None:
        """The id of the key that was agreed on; none before the first."""
        return self._agreed

    async def agree(self, key_id: str, *, replacing: str | None) -> bool:
        """Agree on another key; false if it no longer is `replacing`."""
        if self._agreed != replacing:
            return False
        self._agreed = key_id
        return True
