"""Letting a workflow's step wait: until Chert can send, or for a reply."""

from dataclasses import dataclass

from actions.errors import StepParkedError
from actions.handlers.claims import Claims
from actions.handlers.waiting import awaiting_reply, parked, wait_until
from actions.models import Accepted, FaultPoint, Outcome, Send
from actions.ports import FaultPoints, SendStore, StepStore
from chassis.clock import Clock
from contracts.failures import Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Parking:
    """Keeps the steps of held sends.

    Attributes:
        steps: where they are kept.
        sends: the sends.
        claims: whose turn it is.
        faults: where a test makes the process die.
        clock: when they are due.
    """

    steps: StepStore
    sends: SendStore
    claims: Claims
    faults: FaultPoints
    clock: Clock

    async def park(self, send: Send, code: int, retry_after_seconds: float | None) -> None:
        """Let a send wait if its step is to.

        The step is kept first: one whose send is not parked in the end is looked at once too often, never once too
        little.

        Raises:
            StepParkedError: it waits.
            StoreAwayError: the database does not answer.
        """
        due = wait_until(send, code, retry_after_seconds, self.clock.now())
        step = None if due is None else parked(send, due)
        if due is None or step is None:
            return
        await self.steps.open(step)
        await self.faults.reach(FaultPoint.AFTER_STEP)
        await self.sends.settle(send, self.claims.attempt("parked", send, code), parked_until=due)
        raise StepParkedError(due, code=Code(code))

    async def await_reply(self, send: Send, outcome: Outcome) -> None:
        """Before the answer is kept, so that no answered send lacks the step that its workflow waits for.

        Raises:
            StoreAwayError: the database does not answer.
        """
        now = self.clock.now()
        step = parked(send, now)
        if step is None or not isinstance(outcome, Accepted):
            return
        waiting = awaiting_reply(step, outcome, send.attempts[-1].at, now)
        if waiting is not None:
            await self.steps.open(waiting)
            await self.faults.reach(FaultPoint.AFTER_STEP)
