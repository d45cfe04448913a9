"""Putting replies without a contact back on their lanes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from chassis.clock import Clock
from chassis.randomness import Randomness
from timeline.handlers.assignment import TICKET_BYTES
from timeline.models import Conversation, Work
from timeline.ports import Unmatched, WorkLists


class Requeue:
    """Moves work from `unmatched` to the work lists; first added there, then removed here, so that none is lost."""

    def __init__(
        self,
        *,
        unmatched: Unmatched,
        lanes: WorkLists,
        clock: Clock,
        randomness: Randomness,
    ) -> None:
        self._unmatched, self._lanes = unmatched, lanes
        self._clock, self._randomness = clock, randomness

    async def __call__(self, waiting: Mapping[Conversation, Sequence[Work]]) -> Collection[int]:
        """Put the replies of these conversations on their lanes, and name those; a full one gets them another time."""
        works: dict[int, list[Work]] = {}
        for conversation, lines in waiting.items():
            works.setdefault(conversation.portal_id, []).extend(self._again(line) for line in lines)
        if not works:
            return ()
        full = await self._lanes.add(works, self._clock.now())
        for conversation, lines in waiting.items():
            if conversation.portal_id not in full:
                await self._unmatched.remove(conversation, [line.entry_id for line in lines])
        return works.keys()

    def _again(self, line: Work) -> Work:
        return replace(line, ticket=self._randomness.token(TICKET_BYTES))
