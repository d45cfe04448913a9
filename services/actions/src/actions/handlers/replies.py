"""Replies that steps wait for: the first one ends the wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from actions.handlers.steps import end_wait
from actions.models import Reply, Step
from actions.ports import StepStore
from chassis.clock import Clock
from contracts.messages import MessageReceived

MAX_CHARACTERS: Final = 10_000
"""The longest text that is handed on; HubSpot's own text properties end at 65,536."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    """Notes replies.

    Attributes:
        store: the steps that wait.
        clock: when they are due.
    """

    store: StepStore
    clock: Clock

    async def note(self, messages: Sequence[MessageReceived]) -> None:
        """End the waits that these messages answer, in the order they came.

        Raises:
            StoreAwayError: the database does not answer.
        """
        chats = {(message.chert_tenant, message.chat_id) for message in messages}
        waiting = await self.store.watching(chats) if chats else ()
        for step in waiting:
            first = next((message for message in messages if _answers(message, step)), None)
            if first is not None:
                await end_wait(step, reply_of(first), store=self.store, now=self.clock.now())


def reply_of(message: MessageReceived) -> Reply:
    """A message as the workflow gets it."""
    text = "\n".join(part.value for part in message.parts if part.type == "text" and part.value is not None)
    return Reply(replied=True, text=text[:MAX_CHARACTERS], at=message.received_at)


def _answers(message: MessageReceived, step: Step) -> bool:
    """Whether a message came in the step's chat after it was sent."""
    same = (message.chert_tenant, message.chat_id) == (step.chert_tenant, step.chat_id)
    return same and step.sent_at is not None and message.received_at >= step.sent_at
