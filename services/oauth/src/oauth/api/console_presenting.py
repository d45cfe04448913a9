"""From what the handlers say to what the pages show."""

from collections.abc import Mapping, Sequence
from typing import Final

from oauth.api.console_activity import activity_view
from oauth.api.console_forms import change_view, differences, settings_view, typed
from oauth.api.console_views import (
    AccountCard,
    AccountPage,
    BadgeView,
    CheckView,
    ConflictPage,
    DisconnectPage,
    HistoryLine,
    ProjectView,
    ScopeView,
    SettingsView,
)
from oauth.api.pages import account_url, connect_url
from oauth.api.words import CHECKS, ENDS, SCOPES
from oauth.handlers.accounts import AccountView
from oauth.handlers.activity import ActivityFilter
from oauth.handlers.checklist import Check
from oauth.handlers.tenants import ProjectAccounts
from oauth.models import (
    CONDITIONAL_SCOPES,
    REQUIRED_SCOPES,
    HistoryEntry,
    HistoryKind,
    Installation,
    PhoneLine,
    Session,
)

EVENTS: Final[dict[HistoryKind, str]] = {
    "installed": "Connected",
    "renewed": "Connected again; its access was renewed",
    "settings_changed": "Settings changed",
    "paused": "Paused by Chert",
    "resumed": "Resumed by Chert",
    "ended": "Not connected any more",
    "purged": "Its data was deleted",
}


def project_view(found: ProjectAccounts) -> ProjectView:
    """A project with its accounts, as the first page lists them."""
    project = found.project
    return ProjectView(
        id=project.id,
        name=project.name,
        connect_url=connect_url(project.id),
        accounts=tuple(_card(account) for account in found.accounts),
    )


def account_page(
    user: str,
    view: AccountView,
    chosen: ActivityFilter,
    *,
    form_token: str,
    notice: str = "",
    settings: SettingsView | None = None,
) -> AccountPage:
    """One account's page; its form holds what is saved unless given."""
    account, details = view.installation, view.details
    return AccountPage(
        user=user,
        project_id=view.project.id,
        project_name=view.project.name,
        portal_id=account.portal_id,
        name=name_of(account),
        portal_name=(details.name if details else None) or "",
        portal_url=view.url,
        url=url_of(account),
        connect_url=connect_url(view.project.id),
        badge=_badge(account),
        leaving=account.departure is not None,
        installed_at=account.installed_at,
        checklist=tuple(_check(check) for check in view.checks),
        scopes=tuple(_scope(name, view.missing) for name in (*REQUIRED_SCOPES, *CONDITIONAL_SCOPES)),
        settings=(settings or saved_settings(view)) if account.status == "active" else None,
        activity=activity_view(view.activity, chosen),
        installs=_history(view.installs, view.lines),
        audit=_history(view.audit, view.lines),
        form_token=form_token,
        notice=notice,
    )


def disconnect_page(session: Session, account: Installation, *, form_token: str) -> DisconnectPage:
    """The question before an account is disconnected."""
    project = session.project(account.project_id)
    return DisconnectPage(
        user=session.name,
        portal_id=account.portal_id,
        name=name_of(account),
        project_name=project.name if project else "",
        url=url_of(account),
        revision=account.revision,
        form_token=form_token,
    )


def conflict_page(user: str, view: AccountView, values: Mapping[str, str], *, form_token: str) -> ConflictPage:
    """What is saved now, what this form would change it to, and the form again."""
    account = view.installation
    return ConflictPage(
        user=user,
        name=name_of(account),
        url=url_of(account),
        revision=account.revision,
        differences=differences(typed(account.settings), values, view.lines),
        values=dict(values),
        form_token=form_token,
    )


def saved_settings(view: AccountView) -> SettingsView:
    """The form as it was saved."""
    return settings_view(typed(view.installation.settings), view.installation.revision, view.lines)


def name_of(account: Installation) -> str:
    """What people call an account: its label, else HubSpot's account id (chert-contract.md, section 5)."""
    return account.settings.label or f"HubSpot account {account.portal_id}"


def url_of(account: Installation) -> str:
    """An account's page."""
    return account_url(account.project_id, account.portal_id)


def _card(account: Installation) -> AccountCard:
    return AccountCard(
        portal_id=account.portal_id,
        name=name_of(account),
        url=url_of(account),
        badge=_badge(account),
        installed_at=account.installed_at,
    )


def _badge(account: Installation) -> BadgeView:
    if account.status == "active":
        return BadgeView(connected=True, words="Connected")
    return BadgeView(connected=False, words="Not connected" if account.ended is None else ENDS[account.ended.reason])


def _check(check: Check) -> CheckView:
    words = CHECKS[check.name]
    advice = {"met": "", "not_met": words.remedy, "unknown": words.unknown}[check.state]
    return CheckView(name=check.name, state=check.state, words=words.title, advice=advice)


def _scope(name: str, missing: Sequence[str]) -> ScopeView:
    words = SCOPES[name]
    granted = name not in missing
    return ScopeView(name=name, granted=granted, meaning=words.meaning, without="" if granted else words.without)


def _history(entries: Sequence[HistoryEntry], lines: Sequence[PhoneLine] | None) -> tuple[HistoryLine, ...]:
    return tuple(_history_line(entry, lines) for entry in entries)


def _history_line(entry: HistoryEntry, lines: Sequence[PhoneLine] | None) -> HistoryLine:
    return HistoryLine(
        at=entry.at,
        words=EVENTS[entry.kind] if entry.reason is None else ENDS[entry.reason],
        who=entry.by.name if entry.by else "",
        changes=tuple(change_view(change.name, change.before, change.after, lines) for change in entry.changes),
    )
