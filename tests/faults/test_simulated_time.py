"""Leading time from one of HubSpot's repeats to the next."""

from collections.abc import Mapping

from _simulated_time import AFTER_SECONDS, TOGETHER, SimulatedTime
from _workflow_world import Progress


class Account:
    """Executions that each end at their next try, in a system whose clock is nothing but an offset."""

    slug = "account"

    def __init__(self, tries: list[float], *, ends: bool = True) -> None:
        self.tries, self.ends = sorted(tries), ends
        self.now, self.jumps = 0.0, list[float]()

    async def move_clock(self, *, offset_seconds: float = 0.0, speed: float = 1.0) -> None:
        """Be there; whatever falls due is tried."""
        self.jumps.append(offset_seconds - self.now)
        self.now = offset_seconds
        if self.ends:
            self.tries = [at for at in self.tries if at > self.now]

    async def progress(self) -> Progress:
        """What is left."""
        outcomes: Mapping[str, int] = {"success": 3, "will_retry": len(self.tries)}
        return Progress(now=self.now, outcomes=outcomes, next_attempts=self.tries[:100], blocked=[])


async def test_a_few_fall_due_at_once() -> None:
    """Thousands of tries are made some at a time, and time goes no further than the last of them."""
    account = Account([60.0 + number for number in range(3 * TOGETHER)])

    left = await SimulatedTime(account).until_ended(account, stalled_seconds=60.0)

    assert 0 == left
    assert 3 == len(account.jumps)
    assert 60.0 + 3 * TOGETHER - 1 + AFTER_SECONDS == account.now


async def test_what_never_ends_is_counted() -> None:
    """Tries that come to nothing end the wait once none has ended for so long, and are told."""
    account = Account([60.0, 120.0], ends=False)

    assert 2 == await SimulatedTime(account).until_ended(account, stalled_seconds=0.0)


async def test_nothing_left_takes_no_time() -> None:
    """Where all have ended the clock is not touched."""
    account = Account([])

    assert 0 == await SimulatedTime(account).until_ended(account, stalled_seconds=60.0)
    assert [] == account.jumps
