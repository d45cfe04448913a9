"""The checklist: what an account needs, each line with what is known of it, and nothing guessed."""

from dataclasses import dataclass
from typing import Literal

from contracts.internal import ReplyActivityPage, SendActivityPage
from oauth.errors import AccessTokenRefusedError, AppRejectedError, ProjectInactiveError, TenantError
from oauth.handlers.asking import Known
from oauth.models import AccountDetails, Installation, PhoneLine

CheckName = Literal["token", "project", "line", "template", "subscription", "automation", "card", "action"]
CheckState = Literal["met", "not_met", "unknown"]
"""`unknown`: nobody can say, or whoever can is away."""


@dataclass(frozen=True, slots=True)
class Check:
    """A line of the checklist."""

    name: CheckName
    state: CheckState


def checklist(installation: Installation, known: Known) -> tuple[Check, ...]:
    """Every line, in the page's order."""
    sends = known.sends if isinstance(known.sends, SendActivityPage) else None
    return (
        Check("token", _token_works(installation, known.details)),
        Check("project", _project_serves(known.lines)),
        Check("line", _line_sends(installation, known.lines)),
        Check("template", _has_template(installation, known.template)),
        Check("subscription", _replies_arrive(known)),
        Check("automation", _once("automation" in installation.scopes)),
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


def _has_template(installation: Installation, of_project: str | Exception | None) -> CheckState:
    """Whether the account has a template of its own, or else its project."""
    if installation.settings.auto_send_template.strip():
        return "met"
    return _once(bool(of_project.strip())) if isinstance(of_project, str) else "unknown"


def _replies_arrive(known: Known) -> CheckState:
    """Whether Chert delivers replies to us, and one has come."""
    if known.delivered is False:
        return "not_met"
    came = isinstance(known.replies, ReplyActivityPage) and known.replies.replies
    return "met" if known.delivered is True and came else "unknown"


def _once(fact: bool) -> CheckState:  # noqa: FBT001 - the fact itself is the argument
    return "met" if fact else "not_met"
