"""Steps that HubSpot holds: sending what was parked, seeing who replied, and telling HubSpot how each ended.

Every change of a step is a compare-and-set on its turn, and whatever is done outside can be done again: a send by its
claim, a completion because HubSpot refuses a second one. So a process may die anywhere.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from actions.errors import NotToldError, PostponedError, StepParkedError, UnknownTenantError
from actions.handlers.outputs import outputs
from actions.handlers.sending import SendOnce
from actions.handlers.waiting import awaiting_reply
from actions.models import Accepted, FaultPoint, Outcome, Reply, Step
from actions.ports import Conversations, FaultPoints, StepStore, WorkflowCallbacks
from chassis import cancellation
from chassis.clock import Clock
from chassis.logging import get_log
from chassis.metrics import Metrics

LOG = get_log()

ROUND: Final = 500
"""How many due steps one look takes."""

BATCH: Final = 100
"""How many steps of an account are completed in one call."""

AT_ONCE: Final = 16
"""How many lanes work at once."""

LANE_SECONDS: Final = 20.0
"""How long an account's lane works in one go; what is left is due again."""

_CLAIMED: Final = timedelta(seconds=60)
"""For how long a lane has a step to itself; longer than it works. Two at once would only do things in vain."""

_AGAIN: Final = timedelta(minutes=1)
_DISCONNECTED: Final = timedelta(minutes=10)
_LONGEST: Final = timedelta(minutes=10)
"""Between two tries to tell HubSpot, at most."""


@dataclass(kw_only=True)
class Steps:
    """Works on due steps, each account in a lane of its own, so that none waits for another's.

    Attributes:
        store: the steps.
        send_once: tries parked sends again.
        conversations: where a reply is found that nobody watched for.
        callbacks: HubSpot.
        faults: where a test makes the process die.
        clock: by which steps are due.
        metrics: what is counted.
    """

    store: StepStore
    send_once: SendOnce
    conversations: Conversations
    callbacks: WorkflowCallbacks
    faults: FaultPoints
    clock: Clock
    metrics: Metrics
    _lanes: dict[int, "asyncio.Task[None]"] = field(default_factory=dict)
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def round(self) -> bool:
        """Give each account with due steps a lane, unless it has one; a worker's step.

        Raises:
            StoreAwayError: the database does not answer.
        """
        due = defaultdict(list)
        for step in await self.store.due(self.clock.now(), ROUND):
            due[step.portal_id].append(step)
        for portal_id, steps in due.items():
            if portal_id not in self._lanes:
                lane = asyncio.create_task(self._lane(steps), name=f"steps of {portal_id}")
                self._lanes[portal_id] = lane
                lane.add_done_callback(partial(self._left, portal_id))
        return False

    async def settle(self) -> None:
        """Return when no lane is at work."""
        await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    async def close(self) -> None:
        """Stop every lane; what it had is due again."""
        await cancellation.end(*self._lanes.values())

    def _left(self, portal_id: int, lane: "asyncio.Task[None]") -> None:
        del self._lanes[portal_id]
        error = None if lane.cancelled() else lane.exception()
        if error is not None:
            LOG.warning("step.postponed", portal_id=portal_id, reason=type(error).__name__, exc_info=error)

    async def _lane(self, steps: Sequence[Step]) -> None:
        async with self._room:
            await self._work(steps)

    async def _work(self, steps: Sequence[Step]) -> None:
        ends = self.clock.monotonic() + LANE_SECONDS
        oldest_first = sorted(steps, key=lambda step: step.opened_at)
        await self._complete([step for step in oldest_first if step.state == "completing"])
        await self._send([step for step in oldest_first if step.state == "parked"], ends)
        for step in oldest_first:
            if step.state == "awaiting_reply" and self.clock.monotonic() < ends:
                await self._look(step)

    async def _send(self, steps: Sequence[Step], ends: float) -> None:
        """Try parked sends again, oldest first; once one is told to wait, those of the same line wait with it."""
        waits: dict[str | None, datetime] = {}
        for step in steps:
            if self.clock.monotonic() >= ends:
                return
            wait = waits.get(step.phone_line_id)
            if wait is not None and wait <= step.send_by:
                await self.store.change(step, replace(step, due_at=wait))
                continue
            claimed = await self._claim(step)
            due_at = None if claimed is None else await self._resume(claimed)
            if due_at is not None:
                waits[step.phone_line_id] = due_at

    async def _resume(self, step: Step) -> datetime | None:
        """Try one parked send again; the moment until which Chert has it wait, if it does."""
        began = self.clock.now()
        try:
            outcome = await self.send_once.resume(step.key)
        except StepParkedError as error:
            await self.store.change(step, replace(step, due_at=error.due_at))
            return error.due_at
        except UnknownTenantError:
            await self._postpone(step, _DISCONNECTED)
        except PostponedError as error:
            await self._not_sent(step, error)
        else:
            await self._sent(step, outcome, began)
        return None

    async def _not_sent(self, step: Step, error: PostponedError) -> None:
        """Something other than capacity is in the way: try again soon, and end it when its time is over."""
        LOG.warning("step.postponed", portal_id=step.portal_id, claim=step.key, reason=type(error).__name__)
        if self.clock.now() >= step.send_by:
            with contextlib.suppress(PostponedError):
                await self._sent(step, await self.send_once.give_up(step.key), self.clock.now())
                return
        seconds = error.retry_after_seconds
        await self._postpone(step, _AGAIN if seconds is None else timedelta(seconds=seconds))

    async def _sent(self, step: Step, outcome: Outcome, began: datetime) -> None:
        """The send is final: wait for a reply, or tell HubSpot."""
        now = self.clock.now()
        waiting = awaiting_reply(step, outcome, began, now) if isinstance(outcome, Accepted) else None
        if waiting is not None:
            await self.store.change(step, waiting)
            return
        ended = await self.store.change(step, replace(step, state="completing", outcome=outcome, due_at=now))
        if ended is not None:
            await self._complete([ended])

    async def _look(self, step: Step) -> None:
        """Read the conversation for a reply that was missed, and end the wait when its time is over."""
        claimed = await self._claim(step)
        if claimed is None or claimed.chat_id is None or claimed.sent_at is None:
            return
        now = self.clock.now()
        try:
            reply = await self.conversations.reply_in(claimed.chert_tenant, claimed.chat_id, claimed.sent_at)
        except NotToldError:
            if now < claimed.reply_by + timedelta(minutes=30):
                await self._postpone(claimed, _AGAIN)
                return
            reply = None
        if reply is None and now < claimed.reply_by:
            await self.store.change(claimed, replace(claimed, due_at=claimed.reply_by))
            return
        await end_wait(claimed, reply or Reply(replied=False), store=self.store, now=now)

    async def _complete(self, steps: Sequence[Step]) -> None:
        claimed = [one for one in [await self._claim(step) for step in steps] if one is not None]
        for start in range(0, len(claimed), BATCH):
            await self._tell(claimed[start : start + BATCH])

    async def _tell(self, steps: Sequence[Step]) -> None:
        """Tell HubSpot how steps of one account ended."""
        told = {step.plan.callback_id: _outputs(step) for step in steps}
        await self.faults.reach(FaultPoint.BEFORE_COMPLETE)
        try:
            done = await self.callbacks.complete(steps[0].portal_id, told)
        except UnknownTenantError:
            done = frozenset[str]()
        except PostponedError as error:
            LOG.warning("step.postponed", portal_id=steps[0].portal_id, reason=type(error).__name__)
            done = frozenset[str]()
        await self.faults.reach(FaultPoint.AFTER_COMPLETE)
        for step in steps:
            await self._told(step, known=step.plan.callback_id in done)

    async def _told(self, step: Step, *, known: bool) -> None:
        over = self.clock.now() >= step.over_at
        if known or over:
            await self.store.finish(step)
            self.metrics.count("steps", outcome="completed" if known else "abandoned")
            LOG.info("step.completed" if known else "step.abandoned", portal_id=step.portal_id, claim=step.key)
            return
        wait = min(timedelta(seconds=5 * 2**step.tries), _LONGEST)
        await self.store.change(step, replace(step, due_at=self.clock.now() + wait, tries=min(step.tries + 1, 10)))

    async def _claim(self, step: Step) -> Step | None:
        """Have a step to oneself for a while; none when somebody else has it."""
        return await self.store.change(step, replace(step, due_at=self.clock.now() + _CLAIMED))

    async def _postpone(self, step: Step, wait: timedelta) -> None:
        now = self.clock.now()
        if now >= step.over_at:
            await self.store.finish(step)
            self.metrics.count("steps", outcome="abandoned")
            LOG.warning("step.abandoned", portal_id=step.portal_id, claim=step.key)
            return
        await self.store.change(step, replace(step, due_at=now + wait))


async def end_wait(step: Step, reply: Reply, *, store: StepStore, now: datetime) -> bool:
    """End the wait for a reply; false when it has ended already: the first reply wins.

    Raises:
        StoreAwayError: the database does not answer.
    """
    return await store.change(step, replace(step, state="completing", reply=reply, due_at=now)) is not None


def _outputs(step: Step) -> Mapping[str, str]:
    if step.outcome is None:
        raise LookupError(f"{step.key} is complete without an outcome")
    return outputs(step.outcome, duplicate=False, reply=step.reply)
