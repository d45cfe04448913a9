"""The background loops: when they run. What they do is elsewhere."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from chassis.lifespan import Plumbing
from chassis.outbox import RELAY_SECONDS, Outbox, OutboxRelay, Pending
from chassis.workers import Worker
from oauth.handlers.leases import Leases
from oauth.handlers.relaying import Publisher, RelayTurn

CHECK_SECONDS: Final = 5.0
"""How often doubts are looked for that nobody woke the worker for: postponed ones, and those of a lost process."""

PURGE_SECONDS: Final = 300.0

RELAY_SPACING_SECONDS: Final = 0.1
"""How long after a round of the relay the next one begins at the earliest: changes that come in quick succession are
told together, and cost one lease and one look instead of one each."""

DEPART_SECONDS: Final = 5.0
"""How often departures are looked for that were postponed, or left by a process that died."""

JOURNAL_SECONDS: Final = 60.0
"""How often the journal is read; an uninstall whose push was lost is found within a few minutes."""

KEY_SECONDS: Final = 5.0
"""How often a process says which keys it has, and looks what was agreed on."""

RESEAL_SECONDS: Final = 10.0

FILE_SECONDS: Final = 10.0
"""How often it is looked for installations that carry much history."""

FILED_TOGETHER: Final = 20
"""How many are filed in a round."""

Step = Callable[[], Awaitable[bool]]


class RoundOutbox(Outbox, Protocol):
    """An outbox that forgets all that a round published at once."""

    async def forget(self, published: Sequence[Pending]) -> None:
        """Forget events that were published, and no others."""
        ...


def outbox_worker(outbox: RoundOutbox, publisher: Publisher, leases: Leases, plumbing: Plumbing) -> Worker:
    """Publishes pending events, one process at a time; woken by every event that is written."""
    turn = RelayTurn(publisher, leases, plumbing.clock)
    relay = OutboxRelay(outbox, turn, plumbing.metrics, outbox.forget)

    async def waiting() -> bool:
        return bool(await outbox.pending(1))

    async def step() -> bool:
        return await turn.take(relay.step, waiting=waiting)

    return _worker("outbox", step, RELAY_SECONDS, plumbing, spacing=RELAY_SPACING_SECONDS)


def departure_worker(depart: Step, plumbing: Plumbing) -> Worker:
    """Tells HubSpot of disconnects; woken by every one."""
    return _worker("departures", depart, DEPART_SECONDS, plumbing)


def journal_worker(read: Step, plumbing: Plumbing) -> Worker:
    """Reads HubSpot's journal of uninstalls."""
    return _worker("journal", read, JOURNAL_SECONDS, plumbing)


def key_worker(agree: Step, plumbing: Plumbing) -> Worker:
    """Says which keys this process has."""
    return _worker("sealing key", agree, KEY_SECONDS, plumbing)


def reseal_worker(reseal: Step, plumbing: Plumbing) -> Worker:
    """Moves what lies under former keys under the one that seals now."""
    return _worker("reseal", reseal, RESEAL_SECONDS, plumbing)


def history_worker(file: Callable[[int], Awaitable[int]], plumbing: Plumbing) -> Worker:
    """Files what installations carry of their histories."""

    async def step() -> bool:
        """One round; another follows at once after a full one."""
        return await file(FILED_TOGETHER) == FILED_TOGETHER

    return _worker("histories", step, FILE_SECONDS, plumbing)


def grant_worker(check_grants: Step, plumbing: Plumbing) -> Worker:
    """Settles doubts about grants; woken by every hint."""
    return _worker("grant checks", check_grants, CHECK_SECONDS, plumbing)


def purge_worker(purge: Callable[[], Awaitable[int]], plumbing: Plumbing) -> Worker:
    """Forgets states that expired; MongoDB's own expiry does so too where there is one."""

    async def step() -> bool:
        """One purge; the next can wait."""
        await purge()
        return False

    return _worker("purge", step, PURGE_SECONDS, plumbing)


def _worker(name: str, step: Step, interval: float, plumbing: Plumbing, *, spacing: float = 0.0) -> Worker:
    return Worker(
        name,
        step,
        interval=interval,
        spacing=spacing,
        clock=plumbing.clock,
        health=plumbing.health,
        metrics=plumbing.metrics,
    )
