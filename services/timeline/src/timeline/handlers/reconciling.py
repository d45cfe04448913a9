"""Finding out what became of writes whose end is not known, before anything is written again.

HubSpot has no idempotency key, so the contact's communications are read and the reply is looked for among them. If it
is there, it is adopted. If not, it may still be on its way, so it is looked for once more when that can no longer be.
"""

from datetime import timedelta
from typing import Final

from chassis.clock import Clock
from timeline.errors import ContactGoneError
from timeline.handlers import bodies
from timeline.handlers.budget import Budget
from timeline.handlers.leases import CALL_SECONDS, require_call_time
from timeline.handlers.outcomes import Outcomes, Step, Target
from timeline.models import Entry, Lease
from timeline.ports import Communications, Timeline

FIRST_LOOK: Final = timedelta(seconds=2)
"""When a reply with an unknown end is first looked for: HubSpot's reads lag a little behind its writes."""

LATE_COMMIT: Final = timedelta(seconds=60)
"""How long after its arrival a write may still be carried out (`architecture.md`, section 4, timeline)."""

READ_LAG: Final = timedelta(seconds=5)
"""How long a write that was carried out may stay invisible to a read by association."""

SETTLED_AFTER: Final = timedelta(seconds=CALL_SECONDS) + LATE_COMMIT + READ_LAG
"""When an intent that is not found was never carried out: the call may begin a whole call's budget after the intent."""


class Reconciler:
    """Settles what earlier writes left open."""

    def __init__(
        self,
        *,
        communications: Communications,
        timeline: Timeline,
        outcomes: Outcomes,
        budget: Budget,
        clock: Clock,
        public_base_url: str,
    ) -> None:
        self._communications, self._timeline, self._outcomes = communications, timeline, outcomes
        self._budget, self._clock, self._public_base_url = budget, clock, public_base_url

    async def settle(self, entry: Entry, lease: Lease) -> Step | None:
        """Adopt what is found, or wait; nothing if no write of it can have happened.

        Raises:
            AccountError: the account's communications cannot be read now.
            ReplyRefusedError: HubSpot will not show them.
            LeaseSpentError: nothing more may be begun under this lease.
        """
        asked_at = self._clock.now()
        settled_at = max(intent.at for intent in entry.intents) + SETTLED_AFTER
        for contact_id in {intent.contact_id: None for intent in entry.intents}:
            target = await self._found(entry, contact_id, lease)
            if target is None and asked_at >= settled_at:
                target = await self._found_elsewhere(entry, contact_id, lease)
            if target is not None:
                return await self._outcomes.adopted(target)
        if asked_at < settled_at:
            return await self._outcomes.postponed(entry, settled_at, "may still be carried out")
        return None

    async def _found_elsewhere(self, entry: Entry, contact_id: str, lease: Lease) -> Target | None:
        """The reply on the timeline of the contact that this one was merged into since."""
        self._require_call(lease)
        now_at = await self._timeline.whereabouts(entry.portal_id, contact_id)
        return None if now_at is None or now_at == contact_id else await self._found(entry, now_at, lease)

    async def _found(self, entry: Entry, contact_id: str, lease: Lease) -> Target | None:
        """The reply among the contact's communications, if it is there and no other reply's."""
        self._require_call(lease)
        body = bodies.render(entry.message, self._public_base_url)
        try:
            async for written in self._timeline.written(entry.portal_id, contact_id):
                if bodies.is_same(entry.message, body, written) and await self._own(entry, written.id):
                    return Target(entry, contact_id, written.id)
        except ContactGoneError:
            pass  # with the contact its timeline is gone
        return None

    def _require_call(self, lease: Lease) -> None:
        require_call_time(lease, self._clock)
        self._budget.require_call(lease.portal_id)

    async def _own(self, entry: Entry, communication_id: str) -> bool:
        return not await self._communications.own(entry.portal_id, {communication_id: entry.id})
