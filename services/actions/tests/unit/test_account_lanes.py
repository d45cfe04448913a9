"""Which account has its turn, and when."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

from actions.workers import MAX_LANES, AccountLanes, creation_worker, purge_worker
from chassis.clock import ManualClock
from chassis.lifespan import Plumbing
from chassis.metrics import Metrics

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Accounts:
    """Accounts with work, and what their turns do.

    Attributes:
        work: turns that an account still needs.
        stuck: accounts whose turn never ends.
        turns: which accounts had one.
        prepared: how often the indexes were made.
    """

    def __init__(self, work: dict[int, int], stuck: Collection[int] = ()) -> None:
        self.work, self.stuck = work, stuck
        self.turns: list[int] = []
        self.prepared = 0

    async def ensure_indexes(self) -> None:
        """Count."""
        self.prepared += 1

    async def accounts_due(self, now: datetime, busy: Collection[int]) -> Sequence[int]:
        """Those with work."""
        return [portal_id for portal_id, turns in self.work.items() if turns and portal_id not in busy]

    async def turn(self, portal_id: int) -> bool:
        """One turn less; a negative one fails."""
        self.turns.append(portal_id)
        if portal_id in self.stuck:
            await asyncio.Event().wait()
        if portal_id < 0:
            self.work[portal_id] = 0
            raise ConnectionError
        self.work[portal_id] -= 1
        return self.work[portal_id] > 0


async def until(condition: Callable[[], bool], clock: ManualClock) -> None:
    """Let time pass until something is true."""
    for _ in range(10_000):
        if condition():
            return
        clock.advance(1)
        await asyncio.sleep(0)
    raise AssertionError("never came true")


async def test_every_account_gets_its_turns_beside_a_stuck_one(clock: ManualClock) -> None:
    """One account that hangs and one that fails take nothing from the others; indexes are made once."""
    accounts, plumbing = Accounts({1: 3, 2: 1, 3: 2, -4: 1}, stuck={1}), Plumbing(clock=clock)
    lanes = AccountLanes(accounts.turn, plumbing.metrics)
    worker = creation_worker(accounts, lanes, plumbing)

    async with lanes.running(), worker.running():
        await until(lambda: accounts.work == {1: 3, 2: 0, 3: 0, -4: 0}, clock)
        accounts.work[2] = 1
        await until(lambda: accounts.work[2] == 0, clock)

        assert [1] == list(lanes.busy)

    assert (1, 1) == (accounts.prepared, accounts.turns.count(1))
    assert [] == list(lanes.busy)


async def test_no_more_accounts_than_there_is_room_for(clock: ManualClock) -> None:
    """However many accounts have work, a process gives so many of them a turn at once."""
    many = range(1, MAX_LANES + 20)
    accounts, plumbing = Accounts(dict.fromkeys(many, 1), stuck=many), Plumbing(clock=clock)
    lanes = AccountLanes(accounts.turn, Metrics())

    async with lanes.running(), creation_worker(accounts, lanes, plumbing).running():
        await until(lambda: len(accounts.turns) == MAX_LANES, clock)
        for _ in range(100):
            clock.advance(1)
            await asyncio.sleep(0)

        assert MAX_LANES == len(accounts.turns)


async def test_contents_are_purged_now_and_then(clock: ManualClock) -> None:
    """At once and every hour, after its index is there."""
    done: list[str] = []

    async def prepare() -> None:
        done.append("index")

    class Purge:
        """Counts."""

        async def __call__(self) -> None:
            """Count."""
            done.append("purge")

    async with purge_worker(Purge(), prepare, Plumbing(clock=clock)).running():
        await until(lambda: len(done) >= 4, clock)

    assert ["index", "purge", "index", "purge"] == done[:4]
    assert clock.monotonic() >= 3600
