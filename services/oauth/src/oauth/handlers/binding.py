"""Binding: an account to a project and its tokens, and the end of that (`architecture.md`, rules 3 to 5).

Every change is one write of document and event, compared against what was read; whoever loses reads again.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from chassis.clock import Clock, milliseconds
from chassis.logging import get_log
from chassis.tracing import current_trace_id, current_traceparent
from contracts.envelope import Event, EventType
from contracts.tenants import TenantInstalled, TenantSettings, TenantSnapshot, TenantUninstalled
from contracts.topics import TENANT_INSTALLED, TENANT_UNINSTALLED
from oauth.errors import ContendedError, DepartedError
from oauth.handlers.history import installed
from oauth.handlers.sealing import seal_tokens
from oauth.models import AccountGrant, Actor, Departure, Ended, EndReason, HistoryEntry, Installation, Project
from oauth.ports import InstallationStore, TokenSealer

LOG = get_log()

SOURCE: Final = "/oauth"

ATTEMPTS: Final = 20
"""How often a change is tried again after losing to another; each loss means that another one won."""


@dataclass(frozen=True, slots=True)
class Bound:
    """An account that is connected.

    Attributes:
        installation: as written.
        stays: whether it was connected to another project before, where it stays.
    """

    installation: Installation
    stays: bool


async def bind(
    grant: AccountGrant,
    project: Project,
    *,
    installations: InstallationStore,
    sealer: TokenSealer,
    clock: Clock,
    by: Actor | None = None,
    asked_at: datetime | None = None,
    outlives_departure: bool = False,
) -> Bound:
    """Connect the account of a grant, and tell of it; that of an account never seen is one write, and no reading.

    An active account keeps its project and settings and gets the new tokens, wherever the install was launched
    from; any other begins a new generation in this project, and whatever HubSpot was still to be told of the former
    one is dropped.

    Args:
        grant: what HubSpot granted.
        project: where the install was launched.
        installations: where it is kept.
        sealer: seals the tokens.
        clock: the time.
        by: who installs.
        asked_at: when HubSpot was asked for the grant; none when that is known to be now.
        outlives_departure: whether the grant is known to live after all that happened to the account since.

    Raises:
        DepartedError: the account was disconnected by us, or connected since HubSpot was asked, and so may have been
            disconnected in between; the grant is not known to have outlived that.
        ContendedError: others kept changing the installation.
    """
    connected = partial(_connected, grant=grant, sealer=sealer, by=by)
    for _ in range(ATTEMPTS):
        now = clock.now()
        first, entry = connected(_first_generation(grant, project, now), renewed=False, now=now)
        former = await installations.record_first(first, _installed(first, now), entry)
        if former is None:
            return Bound(first, stays=False)
        if not outlives_departure and _departed(former, asked_at):
            raise DepartedError
        renewed = former.status == "active"
        again, entry = connected(former if renewed else _next_generation(former, project), renewed=renewed, now=now)
        if await installations.record(again, _installed(again, now), entry, replacing=former):
            return Bound(again, stays=again.project_id != project.id)
    raise ContendedError


async def deactivate(
    installation: Installation,
    reason: EndReason,
    *,
    installations: InstallationStore,
    clock: Clock,
    by: Actor | None = None,
) -> Installation | None:
    """End an installation; as it then is, or none if it or its tokens changed since it was read.

    Its tokens are erased, unless we disconnect: then they are kept for the departure alone.
    """
    now = clock.now()
    ended = _ended(installation, reason, now)
    entry = HistoryEntry("ended", now, ended.revision, ended.generation, ended.project_id, by=by, reason=reason)
    event = told(TENANT_UNINSTALLED, TenantUninstalled(**dict(ended.snapshot()), reason=reason), now)
    if not await installations.record(ended, event, entry, replacing=installation):
        return None
    LOG.info(
        "tenant.deactivated",
        portal_id=ended.portal_id,
        generation=ended.generation,
        revision=ended.revision,
        reason=reason,
        trace_id=current_trace_id(),
    )
    return ended


def next_revision(former: Installation, now: datetime) -> int:
    """A revision after the former one, and after whatever was told before a database was put back."""
    return max(former.revision + 1, milliseconds(now))


def told(event_type: EventType[TenantSnapshot], data: TenantSnapshot, now: datetime) -> Event[TenantSnapshot]:
    """The event that tells of a change; its id says which."""
    return Event(
        type=event_type,
        id=f"{event_type.name}:{data.portal_id}:{data.revision}",
        source=SOURCE,
        time=now,
        subject=str(data.portal_id),
        traceparent=current_traceparent(),
        data=data,
    )


def _installed(installation: Installation, now: datetime) -> Event[TenantSnapshot]:
    return told(TENANT_INSTALLED, installation.snapshot_as(TenantInstalled), now)


def _departed(installation: Installation, asked_at: datetime | None) -> bool:
    """Whether an uninstall may have reached HubSpot after it gave the grant that it was asked for at a moment.

    An account that was connected since then may have been disconnected before: its grant is the younger one, and
    must not give way to one that is dead.
    """
    disconnected = installation.ended is not None and installation.ended.reason == "disconnected"
    younger = installation.status == "active" and asked_at is not None and installation.installed_at > asked_at
    return disconnected or younger


def _connected(
    begun: Installation,
    grant: AccountGrant,
    sealer: TokenSealer,
    now: datetime,
    by: Actor | None,
    *,
    renewed: bool,
) -> tuple[Installation, HistoryEntry]:
    """The installation as the grant leaves this generation of it, and what is remembered of that."""
    bound = replace(
        begun,
        revision=next_revision(begun, now),
        scopes=grant.scopes,
        installed_at=now,
        token_version=begun.token_version + 1,
        tokens=seal_tokens(grant.tokens, begun.portal_id, begun.generation, sealer),
    )
    return bound, installed(bound, by, renewed=renewed)


def _ended(installation: Installation, reason: EndReason, now: datetime) -> Installation:
    return replace(
        installation,
        status="inactive",
        revision=next_revision(installation, now),
        token_version=installation.token_version + 1,
        tokens=None,
        ended=Ended(reason, now),
        departure=_departure(installation, now) if reason == "disconnected" else None,
    )


def _departure(installation: Installation, now: datetime) -> Departure | None:
    if installation.tokens is None:
        return None
    return Departure("uninstall", installation.tokens, step_began_at=now, due_at=now)


def _next_generation(former: Installation, project: Project) -> Installation:
    """An account that was not connected, now in this project; its settings name things of the former project."""
    return replace(
        former,
        project_id=project.id,
        chert_tenant=project.chert_tenant,
        status="active",
        generation=former.generation + 1,
        settings=former.settings if former.project_id == project.id else TenantSettings(),
        ended=None,
        departure=None,
    )


def _first_generation(grant: AccountGrant, project: Project, now: datetime) -> Installation:
    """An account that was never connected, now in this project; it has no tokens yet."""
    return Installation(
        portal_id=grant.portal_id,
        project_id=project.id,
        chert_tenant=project.chert_tenant,
        status="active",
        generation=1,
        revision=0,
        scopes=(),
        settings=TenantSettings(),
        installed_at=now,
        token_version=0,
    )
