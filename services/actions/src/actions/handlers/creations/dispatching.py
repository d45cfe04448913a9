"""Working off an account's created contacts, one account's trouble never another's."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from actions.errors import (
    ContactGoneError,
    ContactUnreadableError,
    DifferentRequestError,
    NeverSentError,
    PostponedError,
    UnknownTenantError,
)
from actions.handlers.creations.rules import CreationRules, SkippedError
from actions.handlers.creations.settling import answered, skipped
from actions.models import Answer, Creation, SendRequest, SettledCreation, SkipReason
from actions.ports import CreationQueue, CreationRecords, SendStore
from chassis.clock import Clock
from chassis.logging import get_log
from contracts.failures import Code

LOG = get_log()

HIDDEN: Final = timedelta(seconds=60)
"""How long one that was taken stays with its taker: longer than every call of its work takes together."""

TAKEN: Final = 8
"""How many one turn works on, side by side."""

FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(minutes=5)

_SKIPPED: Final[dict[type[NeverSentError], SkipReason]] = {
    UnknownTenantError: "not_connected",
    DifferentRequestError: "number_was_sent_to",
    ContactGoneError: "contact_gone",
    ContactUnreadableError: "contact_unreadable",
}
"""What a refusal that no send records means here. The number's claim belongs to another contact's send where the
request differs, for a contact's own is the same whenever it comes."""


@dataclass(frozen=True, kw_only=True)
class DispatchCreations:
    """Brings created contacts to their end.

    Attributes:
        queue: those that wait.
        records: those that are settled.
        rules: what is sent to whom.
        sends: which sends were begun.
        send: sends once.
        clock: what is due, and when again.
    """

    queue: CreationQueue
    records: CreationRecords
    rules: CreationRules
    sends: SendStore
    send: Callable[[SendRequest], Awaitable[Answer]]
    clock: Clock

    async def turn(self, portal_id: int) -> bool:
        """Work on some of an account's; true when more may be due.

        Raises:
            StoreAwayError: the database does not answer.
        """
        now = self.clock.now()
        taken = await self.queue.take(portal_id, now, now + HIDDEN, TAKEN)
        ended = await asyncio.gather(*(self._work(creation) for creation in taken), return_exceptions=True)
        for error in ended:
            if isinstance(error, BaseException):  # that contact is given out again after a while, the others go on
                LOG.warning("worker.failed", worker="creations", error=type(error).__name__, exc_info=error)
        return len(taken) == TAKEN

    async def _work(self, creation: Creation) -> None:
        if await self.records.find(creation.key) is not None:
            await self.queue.remove(creation)  # told again after it was settled
            return
        try:
            await self._settle(creation, await self._outcome(creation))
        except PostponedError as error:
            await self._put_off(creation, error)

    async def _outcome(self, creation: Creation) -> SettledCreation:
        try:
            begun = await self.sends.find(creation.key)
            request = await self.rules.request(creation, self.clock.now()) if begun is None else self.rules.again(begun)
            return answered(creation, await self.send(request), self.clock.now())
        except SkippedError as error:
            return skipped(creation, error.reason, self.clock.now())
        except NeverSentError as error:
            return skipped(creation, _SKIPPED[type(error)], self.clock.now())

    async def _settle(self, creation: Creation, settled: SettledCreation) -> None:
        """Record, then forget: a crash in between comes back here and finds the record."""
        await self.records.record([settled])
        await self.queue.remove(creation)
        LOG.info("creation.settled", claim=creation.key, status=settled.status, reason=settled.reason)

    async def _put_off(self, creation: Creation, error: PostponedError) -> None:
        wait = timedelta(seconds=error.retry_after_seconds or 0) or _back_off(creation.attempts)
        until = self.clock.now() + wait
        await self.queue.put_off(creation, until)
        if error.code == Code.LINES_SATURATED:  # no line of the project is free, whoever asks
            await self.queue.put_off_account(creation.portal_id, until)
        LOG.info("creation.postponed", claim=creation.key, reason=type(error).__name__, seconds=wait.total_seconds())


def _back_off(attempts: int) -> timedelta:
    doublings = min(attempts, 10)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
