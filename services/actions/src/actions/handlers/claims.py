"""Claims: of all the calls that want the same thing done, one does it (`architecture.md`, rules 2 and 9).

A send is claimed by inserting its document. A call that finds the claim in other hands waits briefly; it takes over a
claim that was let go, and one whose holder shows no sign of life for longer than any holder may work.
"""

from collections import OrderedDict
from typing import Final

from actions.errors import ClaimInProgressError, DifferentRequestError
from actions.models import Attempt, AttemptStatus, Lease, Send
from actions.ports import AliasStore, SendStore
from chassis.clock import Clock
from chassis.tracing import current_trace_id

WAIT_SECONDS: Final = 2.0
"""The longest a repeat waits for the call that is at work."""

POLL_SECONDS: Final = 0.1
"""How often it looks meanwhile."""

TAKEOVER_SECONDS: Final = 15.0
"""How long a beat must not have changed, on the candidate's own clock, before its holder counts as dead."""

_WATCHED: Final = 10_000
"""How many foreign claims are remembered; one forgotten too early only costs its candidate another wait."""


class ClaimWatch:
    """Since when, on our own monotonic clock, the lease of a foreign claim has not changed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, tuple[Lease, float]] = OrderedDict()

    def unchanged_seconds(self, send: Send) -> float:
        """How long this lease has been seen as it is; 0 at first sight."""
        now = self._clock.monotonic()
        lease, since = self._seen.get(send.key, (None, now))
        if lease == send.lease:
            return now - since
        self._seen[send.key] = (send.lease, now)
        if len(self._seen) > _WATCHED:
            self._seen.popitem(last=False)
        return 0.0

    def forget(self, key: str) -> None:
        """The claim is no longer foreign."""
        self._seen.pop(key, None)


class Claims:
    """Makes one of many calls the holder of a send."""

    def __init__(self, sends: SendStore, aliases: AliasStore, clock: Clock) -> None:
        self._sends, self._aliases, self._clock = sends, aliases, clock
        self._watch = ClaimWatch(clock)

    async def acquire(self, draft: Send, *, holder: str, alias: str | None) -> tuple[Send, bool]:
        """The send that the draft stands for: held by the holder, with its final answer, or parked.

        Beside it, whether nothing is left to `name`.

        Raises:
            ClaimInProgressError: another call is at work on it and did not end soon.
            DifferentRequestError: it was another request.
            StoreAwayError: the database does not answer.
        """
        if alias is None:
            opened, is_named = await self._sends.open(draft), True
        else:
            opened, is_named = await self._sends.open_as(draft, alias)
        return await self._turn(opened, draft, holder), is_named

    async def name(self, send: Send, draft: Send, *, holder: str, alias: str) -> Send:
        """The send after its second name was bound: itself, or the one that had that name before, in the same states.

        Raises:
            ClaimInProgressError: another call is at work on that one and did not end soon.
            DifferentRequestError: that one was another request.
            StoreAwayError: the database does not answer.
        """
        if send.key != draft.key:
            return send
        owner = await self._aliases.bind(alias, send.key)
        if owner == send.key:
            return send
        await self._sends.settle(send, self.attempt("deferred", send), same_as=owner)
        return await self._turn(await self._existing(owner), draft, holder)

    async def resume(self, key: str, *, holder: str) -> Send:
        """A parked send, held by the holder; or as it is, when it has its final answer.

        Raises:
            ClaimInProgressError: another call is at work on it.
            StoreAwayError: the database does not answer.
        """
        send = await self._existing(key)
        while send.same_as is not None:
            send = await self._existing(send.same_as)
        if send.answer is not None:
            return send
        taken = await self._take(send, holder) if self._is_free(send) else None
        if taken is None:
            raise ClaimInProgressError(retry_after_seconds=TAKEOVER_SECONDS)
        return taken

    def attempt(self, status: AttemptStatus, held: Send, code: int | None = None) -> Attempt:
        """A line for the history of a held send."""
        return Attempt(status, self._clock.now(), held.lease.fence, current_trace_id(), code)

    async def _turn(self, send: Send, draft: Send, holder: str) -> Send:
        """Wait until the send is held by the holder or has its answer."""
        give_up = self._clock.monotonic() + WAIT_SECONDS
        while send.lease.holder != holder:
            if not send.came_from(draft.fingerprint):
                raise DifferentRequestError
            if needs_nobody(send):
                return send
            send = await self._next(send, holder, give_up)
        return send

    async def _next(self, send: Send, holder: str, give_up: float) -> Send:
        """The send after one step towards holding it: another send, ours now, or read again after a while."""
        if send.same_as is not None:
            return await self._existing(send.same_as)
        if self._is_free(send):
            taken = await self._take(send, holder)
            if taken is not None:
                return taken
        elif self._clock.monotonic() >= give_up:
            raise ClaimInProgressError(retry_after_seconds=TAKEOVER_SECONDS)
        else:
            await self._clock.sleep(POLL_SECONDS)
        return await self._existing(send.key)

    def _is_free(self, send: Send) -> bool:
        return send.lease.holder is None or self._watch.unchanged_seconds(send) >= TAKEOVER_SECONDS

    async def _take(self, send: Send, holder: str) -> Send | None:
        begun = Attempt("begun", self._clock.now(), send.lease.fence + 1, current_trace_id())
        taken = await self._sends.take(send, holder, begun)
        if taken is not None:
            self._watch.forget(send.key)
        return taken

    async def _existing(self, key: str) -> Send:
        send = await self._sends.find(key)
        if send is None:
            raise LookupError(f"{key} was claimed and is gone")
        return send


def needs_nobody(send: Send) -> bool:
    """Whether no call has anything to do for it: it is final, or waits for its time."""
    return send.answer is not None or send.parked_until is not None
