"""HubSpot's webhooks journal: a second way to learn of uninstalls, for a push that got lost (hubspot-contract.md, 3.3).

What it says is a hint like any other. HubSpot keeps it for three days: when our place in it is lost, nobody knows
who uninstalled meanwhile, so HubSpot is asked about every account.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from chassis.clock import Clock, milliseconds
from chassis.logging import get_log
from chassis.tracing import current_traceparent
from oauth.errors import HubSpotError, JournalOffsetLostError, LeaseLostError
from oauth.handlers.leases import Leases
from oauth.models import GrantCheck, JournalEvent, JournalPage, JournalPosition
from oauth.ports import GrantCheckStore, JournalStore, UninstallJournal

LOG = get_log()

LEASE: Final = "journal"

KEPT: Final = timedelta(days=3)
"""How long HubSpot keeps a page."""

RESUBSCRIBE: Final = timedelta(hours=6)
"""How often the subscription is made sure of."""

PAGES: Final = 5
"""How many pages a round reads at most."""


@dataclass(frozen=True, slots=True)
class JournalReader:
    """Reads the journal on; `step` is a worker's, and one process at a time does it.

    Hints are stored before our place moves, so that a killed process reads a page again and loses none.
    """

    journal: UninstallJournal
    positions: JournalStore
    checks: GrantCheckStore
    leases: Leases
    clock: Clock
    app_id: int
    check_soon: Callable[[], None]

    async def step(self) -> bool:
        """Read what is new; true when more may wait."""
        held = await self.leases.take(LEASE)
        if held is None:
            return False
        try:
            return await self._read()
        except (HubSpotError, LeaseLostError) as error:
            LOG.warning("journal.away", error=type(error).__name__)
            return False
        finally:
            await self.leases.give_back(held)

    async def _read(self) -> bool:
        position = await self._begin()
        for _ in range(PAGES):
            try:
                page = await self.journal.next(position.offset)
            except JournalOffsetLostError:
                await self._lost(position)
                return True
            if page is None:
                await self._move(position, position.offset)
                return False
            await self._note(page)
            position = await self._move(position, page.offset)
        return True

    async def _begin(self) -> JournalPosition:
        """Our place, with a subscription that was made sure of lately."""
        position, now = await self.positions.position(), self.clock.now()
        if position is None:
            await self.journal.subscribe()
            return await self._put(JournalPosition(None, now, now, version=1), None)
        if now - position.read_at >= KEPT:
            position = await self._lost(position)
        if now - position.subscribed_at >= RESUBSCRIBE:
            await self.journal.subscribe()
            position = await self._put(replace(position, subscribed_at=now, version=position.version + 1), position)
        return position

    async def _note(self, page: JournalPage) -> None:
        """Store what a page says; one that cannot be read may have said it of anyone."""
        if not page.complete:
            await self._doubt_all(f"journal:{page.offset}")
        for event in page.uninstalls:
            if event.app_id in {None, self.app_id} and await self.checks.raise_doubt(self._doubt(event)):
                self.check_soon()
        LOG.info("journal.read", uninstalls=len(page.uninstalls), complete=page.complete)

    async def _lost(self, position: JournalPosition) -> JournalPosition:
        """Ask about everyone, and begin again with the earliest page there is."""
        await self._doubt_all(f"journal:lost:{position.version}")
        return await self._move(position, None)

    async def _doubt_all(self, check_id: str) -> None:
        raised = await self.checks.raise_doubts(check_id, "app_uninstalled", self.clock.now())
        LOG.warning("journal.lost", accounts=raised)
        self.check_soon()

    def _doubt(self, event: JournalEvent) -> GrantCheck:
        return GrantCheck(
            id=f"journal:{event.portal_id}:{milliseconds(event.occurred_at)}",
            portal_id=event.portal_id,
            reason="app_uninstalled",
            due_at=self.clock.now(),
            traceparent=current_traceparent(),
        )

    async def _move(self, position: JournalPosition, offset: str | None) -> JournalPosition:
        moved = replace(position, offset=offset, read_at=self.clock.now(), version=position.version + 1)
        return await self._put(moved, position)

    async def _put(self, position: JournalPosition, former: JournalPosition | None) -> JournalPosition:
        if not await self.positions.move(position, replacing=former):
            raise LeaseLostError("another process reads the journal")
        return position
