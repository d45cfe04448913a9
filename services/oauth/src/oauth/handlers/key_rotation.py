"""Key rotation: a new sealing key is used once every process has it, and then everything moves under it.

An operator adds a key to the ring and makes it current; each process says what its ring holds. The key that is current
in all of them becomes the one that all of them seal with, and what lies under another is sealed anew while everything
runs.
The old key may leave the ring when `key_report` shows that nothing lies under it and nobody seals with it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from chassis.clock import Clock
from chassis.logging import get_log
from oauth.errors import SealError, SealKeyMissingError
from oauth.handlers.sealing import seal_anew
from oauth.models import Installation, Replica
from oauth.ports import InstallationStore, ReplicaStore, TokenSealer

LOG = get_log()

SILENCE_SECONDS: Final = 60.0
"""How long a process may be silent before it counts as gone, on the watcher's own monotonic clock."""

BATCH: Final = 50
"""How many installations are sealed anew in a round."""


class Keys(Protocol):
    """What a key ring holds: the ids of its keys, and the one that an operator wants used."""

    @property
    def current(self) -> str:
        """The key that is wanted."""
        ...

    @property
    def keys(self) -> Mapping[str, object]:
        """All of them, by id."""
        ...


@dataclass(frozen=True, slots=True)
class KeyReport:
    """Where a rotation stands.

    Attributes:
        sealing_key: the key that was agreed on.
        replicas: every process that counts as alive, and what it seals with.
        sealed: how many tokens lie under each key id.
    """

    sealing_key: str | None
    replicas: tuple[Replica, ...]
    sealed: Mapping[str, int]

    @property
    def free(self) -> tuple[str, ...]:
        """The keys that may leave."""
        known = frozenset().union(self.sealed, *(replica.key_ids for replica in self.replicas))
        return tuple(sorted(key_id for key_id in known if self.is_free(key_id)))

    def is_free(self, key_id: str) -> bool:
        """Whether a key may leave the ring: nothing lies under it, and nobody seals with it.

        What a process sealed right before it changed keys may still be on its way, so two reports, some seconds
        apart, have to say so.
        """
        return (
            self.sealing_key not in {None, key_id}
            and self.sealed.get(key_id, 0) == 0
            and all(replica.sealing_key != key_id for replica in self.replicas)
        )


async def key_report(*, replicas: ReplicaStore, installations: InstallationStore) -> KeyReport:
    """Where a rotation stands; the count is taken last, so that nothing sealed before the reports is missed."""
    agreed, alive = await replicas.sealing_key(), tuple(await replicas.all())
    return KeyReport(agreed, alive, await installations.count_by_key())


@dataclass(slots=True)
class SealingKey:
    """The key that this process seals with; `step` is a worker's.

    Until the first agreement is known a process is not ready (`make_sure`), and seals with its ring's current key.
    """

    ring: Callable[[], Keys]
    replicas: ReplicaStore
    clock: Clock
    id: str
    _agreed: str | None = None
    _beat: int = 0
    _silent: dict[str, tuple[int, float]] = field(default_factory=dict)

    def current(self) -> str:
        """The id of the key to seal with; always one that this process has."""
        ring = self.ring()
        return self._agreed if self._agreed is not None and self._agreed in ring.keys else ring.current

    async def step(self) -> bool:
        """Say what this process has, and agree on the wanted key once everyone wants it."""
        self._agreed = await self.replicas.sealing_key()
        self._beat += 1
        ring = self.ring()
        await self.replicas.report(Replica(self.id, frozenset(ring.keys), ring.current, self.current(), self._beat))
        alive = await self._alive()
        if ring.current != self._agreed and all(replica.wanted_key == ring.current for replica in alive):
            await self._agree(ring.current)
        return False

    async def make_sure(self) -> None:
        """Return once this process seals with what was agreed on: a readiness check.

        Raises:
            SealKeyMissingError: nothing is agreed on yet, or this process has no such key.
        """
        if self._agreed is None:
            await self.step()
        if self._agreed is None or self._agreed not in self.ring().keys:
            raise SealKeyMissingError(self._agreed or "none")

    async def leave(self) -> None:
        """Say that this process ends, so that nobody waits for it."""
        await self.replicas.forget(Replica(self.id, frozenset(), "", "", self._beat))

    async def _agree(self, key_id: str) -> None:
        if await self.replicas.agree(key_id, replacing=self._agreed):
            self._agreed = key_id
            LOG.info("sealing_key.agreed", key_id=key_id)

    async def _alive(self) -> list[Replica]:
        """Every process that lives. Looked at always: one that died after it wanted the new key seals no more."""
        return [replica for replica in await self.replicas.all() if not await self._gone(replica)]

    async def _gone(self, replica: Replica) -> bool:
        """Whether a process has not shown life for the whole silence while this one watched; then it is forgotten."""
        now = self.clock.monotonic()
        beat, since = self._silent.get(replica.id, (replica.beat, now))
        since = since if beat == replica.beat else now
        self._silent[replica.id] = (replica.beat, since)
        if replica.id == self.id or now - since < SILENCE_SECONDS:
            return False
        await self.replicas.forget(replica)
        del self._silent[replica.id]
        LOG.info("replica.forgotten", replica=replica.id)
        return True


async def reseal(
    *,
    installations: InstallationStore,
    sealer: TokenSealer,
    sealing_key: Callable[[], str],
) -> bool:
    """Seal some of what lies under other keys anew; true when more waits.

    What changes meanwhile is left for the next round: fresh tokens are never overwritten.
    """
    wanted = sealing_key()
    others = [key_id for key_id in await installations.count_by_key() if key_id != wanted]
    if not others:
        return False
    found = await installations.sealed_under(others, BATCH)
    resealed = [await _reseal_one(installation, installations, sealer) for installation in found]
    LOG.info("tokens.resealed", installations=sum(resealed), key_id=wanted)
    return len(found) == BATCH and any(resealed)


async def _reseal_one(installation: Installation, installations: InstallationStore, sealer: TokenSealer) -> bool:
    try:
        tokens = None if installation.tokens is None else seal_anew(installation.tokens, installation, sealer)
        departure = installation.departure
        if departure is not None:
            departure = replace(departure, tokens=seal_anew(departure.tokens, installation, sealer))
    except SealError as error:
        LOG.warning("tokens.resealed", portal_id=installation.portal_id, error=type(error).__name__)
        return False
    anew = replace(installation, tokens=tokens, departure=departure)
    return await installations.reseal(anew, replacing=installation)
