"""A workflow's step: sent, refused, or held by HubSpot until we complete it."""

from dataclasses import dataclass, replace
from datetime import datetime

from actions.errors import StepParkedError
from actions.handlers.bulkheads import Bulkhead
from actions.handlers.sending import SendOnce
from actions.handlers.waiting import parked
from actions.models import Accepted, Answer, Blocked, SendRequest, Step
from actions.ports import SendStore, StepStore


@dataclass(frozen=True, slots=True, kw_only=True)
class SendForWorkflow:
    """Answers executions of the workflow action.

    Attributes:
        send_once: makes each send once.
        steps: those that HubSpot holds.
        sends: which send stands for another.
        bulkhead: how many executions run at once.
    """

    send_once: SendOnce
    steps: StepStore
    sends: SendStore
    bulkhead: Bulkhead

    async def __call__(self, request: SendRequest) -> Answer | Blocked:
        """The final answer, or that the step waits.

        Raises:
            NeverSentError: refused for good, and not recorded with any send.
            PostponedError: nothing final is known; its subclass says why.
        """
        async with self.bulkhead.entered(request.portal_id):
            try:
                answer = await self.send_once(request)
            except StepParkedError as error:
                return await self._parked(request, error)
            return await self._after_sending(request, answer)

    async def _parked(self, request: SendRequest, error: StepParkedError) -> Blocked:
        """The same words for every repeat."""
        if await self.steps.find(request.key) is None:
            await self._follow(request, due_at=error.due_at)
        return _blocked(request)

    async def _after_sending(self, request: SendRequest, answer: Answer) -> Answer | Blocked:
        if request.step is None or request.step.reply_days is None or not isinstance(answer.outcome, Accepted):
            return answer
        step = await self.steps.find(request.key) or await self._followed(request)
        if step is None:
            return Answer(answer.outcome, answer.duplicate, await self.steps.finished(request.key))
        if step.state == "completing":
            return Answer(answer.outcome, answer.duplicate, step.reply)
        return _blocked(request)

    async def _followed(self, request: SendRequest) -> Step | None:
        """The step of the send that this one stands for, with a step of its own for this callback."""
        owner = await self._owner(request.key)
        step = None if owner is None else await self.steps.find(owner)
        if step is not None and request.step is not None:
            await self.steps.open(replace(step, key=request.key, plan=request.step, turn=1))
        return step

    async def _follow(self, request: SendRequest, *, due_at: datetime) -> None:
        """HubSpot called for the same enrolment under another callback: that one is to be completed too."""
        owner = await self._owner(request.key)
        send = None if owner is None else await self.sends.find(owner)
        step = None if send is None else parked(send, due_at)
        if step is not None and request.step is not None:
            await self.steps.open(replace(step, key=request.key, plan=request.step))

    async def _owner(self, key: str) -> str | None:
        send = await self.sends.find(key)
        return None if send is None else send.same_as


def _blocked(request: SendRequest) -> Blocked:
    if request.step is None:
        raise LookupError(f"{request.key} waits without a step")
    return Blocked(request.step.expiration)
