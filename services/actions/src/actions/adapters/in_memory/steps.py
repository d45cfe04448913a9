"""Steps that HubSpot holds, and both ends of them, in memory."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from actions.adapters.in_memory.faults import Faults
from actions.errors import CallbacksAwayError, NotServedError, NotToldError
from actions.models import FaultPoint, Reply, Step


class InMemoryStepStore:
    """The steps; `faults` knows `before` and `after` `open_step`, `change` and `finish`."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.steps: dict[str, Step] = {}
        self.done: dict[str, Step] = {}

    async def open(self, step: Step) -> None:
        """Keep a step, unless its key has one already."""
        await self.faults.reach("before open_step")
        self.steps.setdefault(step.key, step)
        await self.faults.reach("after open_step")

    async def find(self, key: str) -> Step | None:
        """The open step of a send."""
        return self.steps.get(key)

    async def find_all(self, keys: Sequence[str]) -> Sequence[Step]:
        """The open steps of sends, in no order; most have none."""
        return [self.steps[key] for key in set(keys) & self.steps.keys()]

    async def finished(self, key: str) -> Reply | None:
        """What came of waiting for a reply, of a finished step that waited for one."""
        done = self.done.get(key)
        return None if done is None else done.reply

    async def due(self, now: datetime, limit: int) -> Sequence[Step]:
        """Open steps that somebody has to look at, longest due first."""
        due = [step for step in self.steps.values() if step.due_at <= now]
        return sorted(due, key=lambda step: step.due_at)[:limit]

    async def watching(self, chats: AbstractSet[tuple[str, str]]) -> Sequence[Step]:
        """Steps that wait for a reply in one of these conversations."""
        return [
            step
            for step in self.steps.values()
            if step.state == "awaiting_reply" and (step.chert_tenant, step.chat_id) in chats
        ]

    async def change(self, seen: Step, changed: Step) -> Step | None:
        """Change a step that is still as it was seen; none when it is not."""
        await self.faults.reach("before change")
        step = self.steps.get(seen.key)
        if step is not None and step.turn == seen.turn:
            self.steps[seen.key] = replace(changed, turn=seen.turn + 1)
            step = self.steps[seen.key]
        await self.faults.reach("after change")
        return step if step is not None and step.turn == seen.turn + 1 and _same(step, changed) else None

    async def finish(self, step: Step) -> None:
        """Close a step for good."""
        await self.faults.reach("before finish")
        self.done.setdefault(step.key, step)
        self.steps.pop(step.key, None)
        await self.faults.reach("after finish")

    async def erase(self, portal_id: int, contact_id: str) -> None:
        """Remove what a contact wrote; the steps themselves stay."""
        for steps in (self.steps, self.done):
            for key, step in steps.items():
                if (step.portal_id, step.contact_id) == (portal_id, contact_id) and step.reply is not None:
                    steps[key] = replace(step, reply=replace(step.reply, text=""))

    async def purge(self, portal_id: int, before: datetime) -> int:
        """Remove what was written before then from an account's finished steps; from how many that was."""
        old = {
            key: replace(step, reply=replace(step.reply, text=""))
            for key, step in self.done.items()
            if step.portal_id == portal_id
            and step.reply
            and step.reply.text
            and step.reply.at
            and step.reply.at < before
        }
        self.done |= old
        return len(old)


class InMemoryCallbacks:
    """A HubSpot that completes each step once.

    Attributes:
        completed: the outputs that ended each step.
        calls: how often it was called.
        away: set to refuse, for now.
    """

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.completed: dict[str, Mapping[str, str]] = {}
        self.calls = 0
        self.away = False

    async def complete(self, _portal_id: int, outputs: Mapping[str, Mapping[str, str]]) -> AbstractSet[str]:
        """Complete steps of one account.

        Raises:
            CallbacksAwayError: `away` is set.
        """
        self.calls += 1
        await self.faults.reach("before complete")
        if self.away:
            raise CallbacksAwayError
        for callback_id, told in outputs.items():
            self.completed.setdefault(callback_id, told)
        await self.faults.reach("after complete")
        return frozenset(outputs)


class InMemoryChertConversations:
    """What Chert would tell.

    Attributes:
        chats: by Chert tenant and number.
        sent: message id, text and moment of what went out, by chat.
        replies: what came in, by chat.
        away: set to tell nothing now.
        served: clear it to tell nothing ever.
    """

    def __init__(self) -> None:
        self.served = True
        self.chats: dict[tuple[str, str], str] = {}
        self.sent: dict[str, list[tuple[str, str, datetime]]] = {}
        self.replies: dict[str, list[Reply]] = {}
        self.away = False

    async def chat_with(self, chert_tenant: str, phone: str) -> str | None:
        """The chat with a number; none when there certainly is none.

        Raises:
            NotToldError: `away` is set.
        """
        self._check()
        return self.chats.get((chert_tenant, phone))

    async def sent_in(self, _chert_tenant: str, chat_id: str, body: str, since: datetime) -> Sequence[str]:
        """Ids of messages with this text that went out in a chat since a moment.

        Raises:
            NotToldError: `away` is set.
        """
        self._check()
        return [message_id for message_id, text, at in self.sent.get(chat_id, []) if text == body and at >= since]

    async def reply_in(self, _chert_tenant: str, chat_id: str, since: datetime) -> Reply | None:
        """The first message that came in since a moment.

        Raises:
            NotToldError: `away` is set.
        """
        self._check()
        return next((reply for reply in self.replies.get(chat_id, []) if reply.at and reply.at >= since), None)

    def _check(self) -> None:
        if not self.served:
            raise NotServedError
        if self.away:
            raise NotToldError


class Deaths:
    """Fault points where a plan says which error stands for the death of the process."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    async def reach(self, point: FaultPoint) -> None:
        """Go on, or raise what is planned for `died <point>`."""
        await self._faults.reach(f"died {point}")


def _same(step: Step, changed: Step) -> bool:
    return replace(step, turn=0) == replace(changed, turn=0)
