"""Tenants as an operator sees them: what `oauth` says of each, and what `actions` and `timeline` have to do for it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from chertctl.outcomes import AwayError
from chertctl.settings import ServiceName
from chertctl.verbs import Desk
from contracts.tenant_operations import (
    TenantDetails,
    TenantList,
    TenantOverview,
    TenantsAnswer,
    TenantsQuestion,
    TenantWork,
)

SISTERS: Final[tuple[ServiceName, ...]] = ("actions", "timeline")
"""The services that work for tenants."""

PAGE: Final = 200
"""Tenants of one question."""

BEHIND: Final = timedelta(minutes=5)
"""From when on what waits counts as behind."""

Health = Literal["healthy", "paused", "resting", "behind", "scopes missing", "departing", "disconnected", "purged"]
"""How a tenant is, the gravest word first that holds: see `health_of`."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One tenant with everybody's word on it.

    Attributes:
        overview: of `oauth`.
        work: by sister; one that could not be asked is absent.
        health: in a word.
    """

    overview: TenantOverview
    work: dict[str, TenantWork]
    health: Health

    def document(self) -> dict[str, object]:
        """The tenant for scripts."""
        return {
            "health": self.health,
            **self.overview.model_dump(mode="json", exclude_none=True),
            "work": {name: one.model_dump(mode="json", exclude_none=True) for name, one in self.work.items()},
        }


@dataclass(frozen=True, slots=True)
class Page:
    """Some tenants, and sisters that could not be asked, with how they failed."""

    tenants: Sequence[Seen]
    silent: dict[str, str]


async def pages(desk: Desk) -> AsyncIterator[Page]:
    """All tenants, by account id, page by page.

    Raises:
        AwayError: `oauth` does not answer.
    """
    after: int | None = 0
    while after is not None:
        listed = await desk.services.call("oauth", "GET", f"/ops/tenants?after={after}&limit={PAGE}", TenantList)
        if listed.tenants:
            yield await _page(desk, listed.tenants)
        after = listed.next_after


async def details_of(desk: Desk, portal_id: int) -> TenantDetails:
    """One tenant with its history.

    Raises:
        RefusedError: it never connected.
        AwayError: `oauth` does not answer.
    """
    return await desk.services.call("oauth", "GET", f"/ops/tenants/{portal_id}", TenantDetails)


async def seen(desk: Desk, overview: TenantOverview) -> tuple[Seen, dict[str, str]]:
    """One tenant with everybody's word on it, and sisters that could not be asked."""
    page = await _page(desk, [overview])
    return page.tenants[0], page.silent


async def works_of(desk: Desk, service: ServiceName, portal_ids: Sequence[int]) -> tuple[TenantWork, ...]:
    """What a sister has to do.

    Raises:
        AwayError: it does not answer.
    """
    question = TenantsQuestion(portal_ids=tuple(portal_ids))
    return (await desk.services.call(service, "POST", "/ops/tenants", TenantsAnswer, question)).tenants


def health_of(overview: TenantOverview, work: Sequence[TenantWork], now: datetime) -> Health:
    """How a tenant is, in a word."""
    tenant = overview.tenant
    waiting = [one.oldest_at for one in work if one.oldest_at is not None]
    holds: dict[Health, bool] = {
        "purged": tenant.status == "purged",
        "departing": tenant.status == "inactive" and overview.departure is not None,
        "disconnected": tenant.status == "inactive",
        "paused": tenant.paused,
        "resting": any(one.breaker is not None and one.breaker.open for one in work),
        "behind": bool(waiting) and now - min(waiting) > BEHIND,
        "scopes missing": bool(overview.missing_scopes),
    }
    return next((word for word, true in holds.items() if true), "healthy")


async def _page(desk: Desk, overviews: Sequence[TenantOverview]) -> Page:
    ids = [one.tenant.portal_id for one in overviews]
    asked = await asyncio.gather(*(_asked(desk, service, ids) for service in SISTERS))
    silent = {str(name): words for name, words in zip(SISTERS, asked, strict=True) if isinstance(words, str)}
    works = {name: {one.portal_id: one for one in found} for name, found in zip(SISTERS, asked, strict=True)
             if not isinstance(found, str)}  # fmt: skip
    return Page([_seen(one, works, desk.clock.now()) for one in overviews], silent)


def _seen(overview: TenantOverview, works: dict[ServiceName, dict[int, TenantWork]], now: datetime) -> Seen:
    portal_id = overview.tenant.portal_id
    own = {str(name): found[portal_id] for name, found in works.items() if portal_id in found}
    return Seen(overview, own, health_of(overview, list(own.values()), now))


async def _asked(desk: Desk, service: ServiceName, portal_ids: Sequence[int]) -> tuple[TenantWork, ...] | str:
    try:
        return await works_of(desk, service, portal_ids)
    except AwayError as error:
        return str(error)
