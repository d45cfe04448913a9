"""What operators do about an account: look, pause and resume, ask HubSpot about its grant, purge.

Every order may be given again; what is done already changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from chassis.clock import Clock
from chassis.logging import get_log
from contracts.tenants import TenantSettings, TenantSnapshot, TenantUninstalled, TenantUpdated
from contracts.topics import TENANT_INSTALLED, TENANT_UNINSTALLED, TENANT_UPDATED
from oauth.errors import (
    ContendedError,
    HubSpotError,
    PurgeRefusedError,
    SealError,
    TenantInactiveError,
    TenantUnknownError,
)
from oauth.handlers.binding import ATTEMPTS, next_revision, told
from oauth.handlers.grant_checks import Verdict, judge_grant
from oauth.models import Actor, HistoryEntry, Installation
from oauth.ports import HistoryStore, InstallationStore, TokenSealer, TokenServer

LOG = get_log()

COMPACTED: Final = (TENANT_INSTALLED, TENANT_UPDATED, TENANT_UNINSTALLED)
"""The topics that keep an account's last snapshot until a tombstone."""


@dataclass(frozen=True, slots=True)
class Order:
    """Who orders something, and why."""

    operator: str
    reason: str

    @property
    def actor(self) -> Actor:
        """As the account's history names it: an operator to operators, Chert to an admin."""
        return Actor(f"operator:{self.operator}", "Chert")


@dataclass(frozen=True, slots=True)
class GrantVerdict:
    """What HubSpot says of a grant; `words` say why it could not be asked."""

    verdict: Verdict | Literal["not_connected", "unknown"]
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class Operating:
    """The orders.

    Attributes:
        installations: the accounts.
        histories: what was done to them.
        tokens: HubSpot's word on grants.
        sealer: opens tokens.
        clock: the time.
    """

    installations: InstallationStore
    histories: HistoryStore
    tokens: TokenServer
    sealer: TokenSealer
    clock: Clock

    async def page(self, after: int, limit: int) -> Sequence[Installation]:
        """Accounts with greater ids, by id."""
        return await self.installations.page(after, limit)

    async def find(self, portal_id: int) -> Installation:
        """An account, connected or not.

        Raises:
            TenantUnknownError: it never connected.
        """
        installation = await self.installations.get(portal_id)
        if installation is None:
            raise TenantUnknownError
        return installation

    async def history(self, installation: Installation) -> Sequence[HistoryEntry]:
        """What was done to an account, oldest first."""
        return (await self.histories.of([installation.portal_id])).get(installation.portal_id, ())

    async def set_paused(self, portal_id: int, order: Order, *, paused: bool) -> Installation:
        """Hold a connected account's work, or let it go on; everybody is told.

        Raises:
            TenantUnknownError: it never connected.
            TenantInactiveError: it is not connected.
            ContendedError: others kept changing it.
        """
        for _ in range(ATTEMPTS):
            former = await self.find(portal_id)
            if former.status != "active":
                raise TenantInactiveError
            if former.paused == paused:
                return former
            changed = replace(former, paused=paused, revision=next_revision(former, self.clock.now()))
            entry = self._entry("paused" if paused else "resumed", changed, order)
            event = told(TENANT_UPDATED, changed.snapshot_as(TenantUpdated), self.clock.now())
            if await self.installations.record(changed, event, entry, replacing=former):
                LOG.info(
                    "tenant.paused" if paused else "tenant.resumed", portal_id=portal_id, revision=changed.revision
                )
                return changed
        raise ContendedError

    async def check_grant(self, portal_id: int) -> tuple[Installation, GrantVerdict]:
        """Ask HubSpot whether an account's refresh token lives; an account whose does not is ended, as ever.

        Raises:
            TenantUnknownError: it never connected.
        """
        installation = await self.find(portal_id)
        if installation.status != "active":
            return installation, GrantVerdict("not_connected")
        try:
            verdict = await judge_grant(
                installation,
                "grant_revoked",
                installations=self.installations,
                tokens=self.tokens,
                sealer=self.sealer,
                clock=self.clock,
            )
        except (HubSpotError, SealError) as error:
            return installation, GrantVerdict("unknown", type(error).__name__)
        return installation, GrantVerdict(verdict)

    async def purge(self, portal_id: int, order: Order) -> Installation:
        """Forget what was known of a disconnected account, and tell everybody to do so.

        Id, project, generation and revision stay, so that a later connection follows this one.

        Raises:
            TenantUnknownError: it never connected.
            PurgeRefusedError: it is connected, or HubSpot is still being told that it is not.
            ContendedError: others kept changing it.
        """
        for _ in range(ATTEMPTS):
            former = await self.find(portal_id)
            if former.status == "purged":
                await self.histories.file_one(portal_id)  # whoever purged it may have been cut off before that
                return former
            _check_purgeable(former)
            purged = self._purged(former)
            reason = "disconnected" if former.ended is None else former.ended.reason
            data = TenantUninstalled(**dict(purged.snapshot()), reason=reason)
            event, entry = told(TENANT_UNINSTALLED, data, self.clock.now()), self._entry("purged", purged, order)
            if await self.installations.record(purged, event, entry, replacing=former):
                await self.histories.file_one(portal_id)
                LOG.info("tenant.purged", portal_id=portal_id, revision=purged.revision)
                return purged
        raise ContendedError

    async def bury(self, portal_id: int) -> Sequence[str]:
        """Have the compacted topics forget a purged account, after its last snapshot; those topics.

        Raises:
            TenantUnknownError: it never connected.
            PurgeRefusedError: it was not purged.
            ContendedError: others kept changing it.
        """
        for _ in range(ATTEMPTS):
            installation = await self.find(portal_id)
            if installation.status != "purged":
                raise PurgeRefusedError("not_purged")
            now, snapshot = self.clock.now(), installation.snapshot()
            tombstones = [replace(told(kind, _of(kind.data, snapshot), now), tombstone=True) for kind in COMPACTED]
            if await self.installations.bury(installation, tombstones):
                LOG.info("tenant.buried", portal_id=portal_id)
                return [kind.name for kind in COMPACTED]
        raise ContendedError

    def _purged(self, former: Installation) -> Installation:
        return replace(
            former,
            status="purged",
            revision=next_revision(former, self.clock.now()),
            scopes=(),
            settings=TenantSettings(),
            tokens=None,
            token_version=former.token_version + 1,
            paused=False,
        )

    def _entry(
        self, kind: Literal["paused", "resumed", "purged"], installation: Installation, order: Order
    ) -> HistoryEntry:
        return HistoryEntry(
            kind,
            self.clock.now(),
            installation.revision,
            installation.generation,
            installation.project_id,
            by=order.actor,
            note=order.reason,
        )


def _of(model: type[TenantSnapshot], snapshot: TenantSnapshot) -> TenantSnapshot:
    """A snapshot as this event's data; a tombstone has none, so a reason is a matter of form."""
    reason = {"reason": "disconnected"} if model is TenantUninstalled else {}
    return model.model_validate({**snapshot.model_dump(), **reason})


def _check_purgeable(installation: Installation) -> None:
    if installation.status == "active":
        raise PurgeRefusedError("still_connected")
    if installation.departure is not None:
        raise PurgeRefusedError("still_departing")
