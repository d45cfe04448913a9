"""One account as its admin sees it: what is true of it, what was done to it, and a checklist of what it needs."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import SecretStr

from chassis.clock import Clock
from contracts.internal import AccessToken, SendActivityPage
from oauth.errors import (
    AccessTokenRefusedError,
    AppRejectedError,
    OAuthServiceError,
    ProjectInactiveError,
    TenantError,
)
from oauth.handlers.history import seen_by
from oauth.handlers.tenants import find_account, missing_scopes
from oauth.models import AccountDetails, HistoryEntry, Installation, PhoneLine, Project, Session
from oauth.ports import AccountDirectory, ActivityReader, InstallationStore, PhoneLines

CheckName = Literal["token", "project", "line", "template", "subscription", "automation", "card", "action"]
CheckState = Literal["met", "not_met", "unknown"]
"""`unknown`: nobody can say, or whoever can is away."""

GiveAccessToken = Callable[[int], Awaitable[AccessToken]]
T = TypeVar("T")

ANSWER_SECONDS: Final = 4.0
"""How long a page waits for what others know; then it says that it is not known."""

ACTIVITY_DAYS: Final = 30
"""How far back activity is looked for."""

HUBSPOT_DOMAIN: Final = ".hubspot.com"


@dataclass(frozen=True, slots=True)
class Check:
    """A line of the checklist."""

    name: CheckName
    state: CheckState


@dataclass(frozen=True, slots=True)
class AccountView:
    """One account, for its page.

    Attributes:
        project: whose it is.
        installation: as it is now.
        details: what HubSpot says of it; none when it cannot be asked now, or is not connected.
        url: where the account is opened in HubSpot.
        checks: the checklist.
        lines: of the project; none when Chert cannot be asked now.
        missing: scopes that were asked for and not granted.
        installs: installs and ends, newest first, as far as this session may see them.
        audit: changes of settings, likewise.
    """

    project: Project
    installation: Installation
    details: AccountDetails | None
    url: str | None
    checks: tuple[Check, ...]
    lines: tuple[PhoneLine, ...] | None
    missing: tuple[str, ...]
    installs: tuple[HistoryEntry, ...]
    audit: tuple[HistoryEntry, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """What others said, or how they failed."""

    details: AccountDetails | Exception
    lines: tuple[PhoneLine, ...] | Exception
    sends: SendActivityPage | Exception


async def view_account(
    session: Session,
    project_id: str,
    portal_id: int,
    *,
    installations: InstallationStore,
    access_token: GiveAccessToken,
    directory: AccountDirectory,
    lines: PhoneLines,
    activity: ActivityReader,
    hubspot_origin: str | None,
    clock: Clock,
) -> AccountView:
    """Everything that an account's page shows; what others cannot say now is said to be unknown.

    Raises:
        AccountNotFoundError: the session may see no such account.
    """
    installation = await find_account(session, project_id, portal_id, installations=installations)
    project = next(one for one in session.projects if one.id == project_id)
    since = clock.now() - timedelta(days=ACTIVITY_DAYS)
    known = _Known(
        *await asyncio.gather(
            answered(read_details(installation, access_token, directory)),
            answered(lines.of(installation.chert_tenant)),
            answered(activity.sends(portal_id, since, 1)),
        )
    )
    details = known.details if isinstance(known.details, AccountDetails) else None
    history = seen_by(installation.history, frozenset(one.id for one in session.projects))
    return AccountView(
        project=project,
        installation=installation,
        details=details,
        url=portal_url(details, hubspot_origin),
        checks=_checklist(installation, known),
        lines=known.lines if isinstance(known.lines, tuple) else None,
        missing=missing_scopes(installation),
        installs=tuple(entry for entry in history if entry.kind != "settings_changed"),
        audit=tuple(entry for entry in history if entry.kind == "settings_changed"),
    )


async def read_details(
    installation: Installation, access_token: GiveAccessToken, directory: AccountDirectory
) -> AccountDetails:
    """What HubSpot says of a connected account, asked with its own token.

    Raises:
        OAuthServiceError: there is no token, or HubSpot does not say.
    """
    token = await access_token(installation.portal_id)
    return await directory.details(installation.portal_id, SecretStr(token.access_token))


async def answered(question: Awaitable[T]) -> T | Exception:
    """The answer, or why there is none in time."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await question
    except (OAuthServiceError, TimeoutError) as error:
        return error


def portal_url(details: AccountDetails | None, hubspot_origin: str | None) -> str | None:
    """Where an account's contacts are in HubSpot; only ever on HubSpot's own hosts.

    Args:
        details: with the host that HubSpot names.
        hubspot_origin: a host that stands in for HubSpot in development.
    """
    host = "" if details is None or details.ui_domain is None else details.ui_domain.lower()
    if details is None or not host:
        return None
    if hubspot_origin is not None and host == urlsplit(hubspot_origin).netloc:
        return f"{hubspot_origin}/contacts/{details.portal_id}"
    is_hubspot = host.endswith(HUBSPOT_DOMAIN) and host.replace(".", "").replace("-", "").isalnum()
    return f"https://{host}/contacts/{details.portal_id}" if is_hubspot else None


def _checklist(installation: Installation, known: _Known) -> tuple[Check, ...]:
    sends = known.sends if isinstance(known.sends, SendActivityPage) else None
    return (
        Check("token", _token_works(installation, known.details)),
        Check("project", _project_serves(known.lines)),
        Check("line", _line_sends(installation, known.lines)),
        Check("template", "met" if installation.settings.auto_send_template.strip() else "unknown"),
        Check("subscription", "unknown"),  # nobody publishes whether Chert's subscription works
        Check("automation", "met" if "automation" in installation.scopes else "not_met"),
        Check("card", "unknown" if sends is None or sends.card_opened_at is None else "met"),
        Check("action", "unknown" if sends is None else _once(sends.action_called_at is not None)),
    )


def _token_works(installation: Installation, details: AccountDetails | Exception) -> CheckState:
    if installation.status != "active" or isinstance(details, (TenantError, AccessTokenRefusedError, AppRejectedError)):
        return "not_met"
    return "met" if isinstance(details, AccountDetails) else "unknown"


def _project_serves(lines: tuple[PhoneLine, ...] | Exception) -> CheckState:
    if isinstance(lines, ProjectInactiveError):
        return "not_met"
    return "met" if isinstance(lines, tuple) else "unknown"


def _line_sends(installation: Installation, lines: tuple[PhoneLine, ...] | Exception) -> CheckState:
    """Whether there is an active line: the chosen one, if one was chosen."""
    if isinstance(lines, ProjectInactiveError):
        return "not_met"
    if isinstance(lines, Exception):
        return "unknown"
    chosen = installation.settings.phone_line_id
    return _once(any(line.active for line in lines if chosen in {None, line.id}))


def _once(fact: bool) -> CheckState:  # noqa: FBT001 - the fact itself is the argument
    return "met" if fact else "not_met"
