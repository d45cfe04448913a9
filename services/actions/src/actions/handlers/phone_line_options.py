"""The choices for a workflow's line: "Pool default", then the project's active lines; searched and in pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from actions.errors import NotToldError
from actions.handlers.tenants import confirmed_tenant
from actions.models import PhoneLine
from actions.ports import LineList, TenantAuthority, TenantStore

POOL: Final = "pool"
"""The value of "Pool default"."""

PAGE: Final = 50
"""Options in one page."""


@dataclass(frozen=True, slots=True)
class LineOption:
    """One choice, as HubSpot shows it."""

    label: str
    description: str
    value: str


@dataclass(frozen=True, slots=True)
class OptionPage:
    """Choices in order; `after` names the next page, where there is one."""

    options: tuple[LineOption, ...]
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferLines:
    """Offers lines.

    Attributes:
        tenants: the projection.
        authority: asked before anyone is told "unknown".
        lines: Chert's.
    """

    tenants: TenantStore
    authority: TenantAuthority
    lines: LineList

    async def __call__(self, portal_id: int, search: str, after: str) -> OptionPage:
        """A page of the choices that have the searched text in them.

        Raises:
            UnknownTenantError: the account is not connected.
            NotToldError: Chert cannot be asked now.
            PostponedError: nor can anybody else.
        """
        tenant = await self.tenants.find(portal_id)
        if tenant is None or tenant.status != "active":
            tenant = await confirmed_tenant(portal_id, authority=self.authority)
        lines = await self.lines.lines(tenant.chert_tenant)
        if lines is None:
            raise NotToldError
        return _page([option for option in _options(lines) if _has(option, search)], _start(after))


def _options(lines: Sequence[PhoneLine]) -> list[LineOption]:
    active = sorted((line for line in lines if line.is_active), key=lambda line: (line.phone_number, line.id))
    pool = LineOption("Pool default", "Each recipient's own line, or whichever line is free", POOL)
    return [pool, *(LineOption(line.phone_number, "Every message from this line", line.id) for line in active)]


def _has(option: LineOption, search: str) -> bool:
    wanted = search.strip().casefold()
    return wanted in option.label.casefold() or wanted in option.value.casefold()


def _page(options: Sequence[LineOption], start: int) -> OptionPage:
    end = start + PAGE
    return OptionPage(tuple(options[start:end]), str(end) if end < len(options) else None)


def _start(after: str) -> int:
    """Where the page begins; a cursor that is none of ours begins at the top."""
    return int(after) if after.isascii() and after.isdecimal() and len(after) <= len("100000") else 0
