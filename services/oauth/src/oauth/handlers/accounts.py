"""One account as its admin sees it: what is true of it, what it needs, and what was done to it and for it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from chassis.clock import Clock
from oauth.handlers.activity import ACTIVITY_DAYS, Activity, ActivityFilter, activity_of
from oauth.handlers.asking import Others, ask_others
from oauth.handlers.checklist import Check, checklist
from oauth.handlers.history import seen_by
from oauth.handlers.tenants import find_account, missing_scopes
from oauth.models import AccountDetails, HistoryEntry, Installation, PhoneLine, Project, Session
from oauth.ports import HistoryStore, InstallationStore

HUBSPOT_DOMAIN: Final = ".hubspot.com"


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
        activity: what was done for it lately.
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
    activity: Activity


async def view_account(
    session: Session,
    project_id: str,
    portal_id: int,
    wanted: ActivityFilter,
    *,
    installations: InstallationStore,
    histories: HistoryStore,
    others: Others,
    hubspot_origin: str | None,
    clock: Clock,
) -> AccountView:
    """Everything that an account's page shows; what others cannot say now is said to be unknown.

    Raises:
        AccountNotFoundError: the session may see no such account.
    """
    installation = await find_account(session, project_id, portal_id, installations=installations)
    project = next(one for one in session.projects if one.id == project_id)
    known = await ask_others(installation, others, clock.now() - timedelta(days=ACTIVITY_DAYS))
    details = known.details if isinstance(known.details, AccountDetails) else None
    url = portal_url(details, hubspot_origin)
    remembered = (await histories.of([portal_id])).get(portal_id, ())
    history = seen_by(remembered, frozenset(one.id for one in session.projects))
    return AccountView(
        project=project,
        installation=installation,
        details=details,
        url=url,
        checks=checklist(installation, known),
        lines=known.lines if isinstance(known.lines, tuple) else None,
        missing=missing_scopes(installation),
        installs=tuple(entry for entry in history if entry.kind != "settings_changed"),
        audit=tuple(entry for entry in history if entry.kind == "settings_changed"),
        activity=activity_of(known, wanted, project_id, url),
    )


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
