"""Words for people: what each refusal and each scope means, and what to do about it."""

from dataclasses import dataclass
from typing import Final

from contracts.failures import Code, Failure
from oauth.errors import InstallReason
from oauth.handlers.checklist import CheckName
from oauth.models import EndReason


@dataclass(frozen=True, slots=True)
class Advice:
    """What a page says about a refusal.

    Attributes:
        title: what happened, as a heading.
        text: why, and what to do.
        connect_again: whether starting the install again is what helps.
    """

    title: str
    text: str
    connect_again: bool = False


INSTALL_ADVICE: Final[dict[InstallReason, Advice]] = {
    "missing_code_or_state": Advice(
        "This install link is not complete",
        "HubSpot did not send what is needed to finish. Begin from here, not from a saved or shared link.",
        connect_again=True,
    ),
    "missing_state_cookie": Advice(
        "This install has expired",
        "An install has to be finished within ten minutes, in the browser that began it, with cookies allowed.",
        connect_again=True,
    ),
    "invalid_state_cookie": Advice(
        "This install has expired",
        "Its ten minutes are over, or what this browser kept of it was changed.",
        connect_again=True,
    ),
    "state_mismatch": Advice(
        "This install cannot be finished here",
        "It was finished before, or it was begun in another browser or by someone else.",
        connect_again=True,
    ),
    "access_denied": Advice(
        "HubSpot was not connected",
        "Access was not granted in HubSpot. If HubSpot did not let you, ask a Super Admin, or someone with the "
        "permission App Marketplace Access, to connect the account.",
        connect_again=True,
    ),
    "app_refused": Advice(
        "HubSpot does not accept our request",
        "HubSpot refused what our app asks for, so the account was not connected. This is for us to repair: please "
        "send us the trace id, and try again once you hear from us.",
        connect_again=True,
    ),
    "hubspot_busy": Advice(
        "HubSpot cannot do this now",
        "HubSpot had a fault of its own. The account was not connected. Please try again in a few minutes.",
        connect_again=True,
    ),
    "hubspot_refused": Advice(
        "HubSpot refused the install",
        "HubSpot ended the install with an error. Trying again often helps; installing needs a Super Admin, or the "
        "permission App Marketplace Access.",
        connect_again=True,
    ),
    "missing_scopes": Advice(
        "HubSpot did not grant all that is needed",
        "The account was not connected. Connect again and accept every required permission.",
        connect_again=True,
    ),
    "code_rejected": Advice(
        "HubSpot's approval has expired",
        "An approval works once and only for a short time. The account was not connected.",
        connect_again=True,
    ),
    "not_configured": Advice(
        "We cannot connect to HubSpot",
        "HubSpot does not accept our app's configuration. This is for us to repair: please send us the trace id, and "
        "try again once you hear from us.",
        connect_again=True,
    ),
    "uninstalled_meanwhile": Advice(
        "The account was disconnected meanwhile",
        "HubSpot was still carrying out an earlier disconnect of this account, which ended this install too. Nothing "
        "of it is left now.",
        connect_again=True,
    ),
    "hubspot_unavailable": Advice(
        "HubSpot does not answer properly",
        "The account was not connected. Please try again in a few minutes.",
        connect_again=True,
    ),
}
"""By reason."""

_RETURN_URL: Final = Advice(
    "This install would not end at HubSpot",
    "The address to return to is not one of HubSpot's. Begin again from HubSpot's marketplace, or connect from here.",
    connect_again=True,
)
_FORM_EXPIRED: Final = Advice(
    "This form has expired", "It was shown in another session of yours. Go back, reload the page, and send it again."
)
_CHANGED_MEANWHILE: Final = Advice(
    "This was changed meanwhile", "Someone else saved a change. Go back, reload the page, and look at it again."
)

_FILE_GONE: Final = Advice(
    "This file is not kept any more", "Chert has deleted it. The message itself may still be there."
)
_MESSAGES_AWAY: Final = Advice(
    "This message cannot be shown right now",
    "What we keep of it cannot be reached. Nothing is lost; please try again in a moment.",
)

_REASON_ADVICE: Final[dict[str, Advice]] = {
    **{str(reason): advice for reason, advice in INSTALL_ADVICE.items()},
    "return_url": _RETURN_URL,
    "form_expired": _FORM_EXPIRED,
    "changed_meanwhile": _CHANGED_MEANWHILE,
    "file_gone": _FILE_GONE,
    "messages_away": _MESSAGES_AWAY,
}

_GENERAL_ADVICE: Final[dict[Code, Advice]] = {
    Code.NO_CREDENTIALS: Advice(
        "You are signed out of Chert",
        "Your session ended while you were at HubSpot. Sign in, then connect again.",
        connect_again=True,
    ),
    Code.FORBIDDEN: Advice(
        "This project is not yours to connect",
        "You are signed in, but have no rights on this project. Connect HubSpot to one of yours, or ask its owner.",
        connect_again=True,
    ),
    Code.NOT_FOUND: Advice("There is nothing here", "The address may be old or mistyped."),
    Code.UNAVAILABLE: Advice("Not available right now", "Please try again in a moment."),
}

_UNDERSTOOD_BY_NOBODY: Final = Advice("This request cannot be answered", "Something in it is not as it should be.")


def advice_on(failure: Failure) -> Advice:
    """What to tell a person about a failure."""
    if failure.reason in _REASON_ADVICE:
        return _REASON_ADVICE[failure.reason]
    return _GENERAL_ADVICE.get(Code(failure.code), _UNDERSTOOD_BY_NOBODY)


@dataclass(frozen=True, slots=True)
class ScopeWords:
    """A scope: what it allows, and what does not work without it."""

    meaning: str
    without: str


_REINSTALL = "Connect HubSpot again and accept it."

SCOPES: Final[dict[str, ScopeWords]] = {
    "oauth": ScopeWords("Connect to HubSpot at all", _REINSTALL),
    "crm.objects.contacts.read": ScopeWords(
        "Read the name, company and phone numbers of the one contact a message is for",
        f"Messages cannot be sent from a contact. {_REINSTALL}",
    ),
    "crm.objects.contacts.write": ScopeWords(
        "Write replies on a contact's timeline", f"Replies do not reach the timeline. {_REINSTALL}"
    ),
    "crm.schemas.contacts.read": ScopeWords(
        "Show the card in accounts with custom contact layouts", f"The card may not load. {_REINSTALL}"
    ),
    "automation": ScopeWords(
        "Offer the action “Send iMessage via Chert” in workflows",
        "The workflow action does not appear. It needs HubSpot Professional or Enterprise; then connect HubSpot again.",
    ),
}
"""Every scope that we ask for."""

ENDS: Final[dict[EndReason, str]] = {
    "app_uninstalled": "Uninstalled in HubSpot",
    "disconnected": "Disconnected",
    "grant_revoked": "Access withdrawn in HubSpot",
}
"""Why an account is not connected, as its badge."""


@dataclass(frozen=True, slots=True)
class CheckWords:
    """A line of the checklist: what has to be so, what to do if it is not, and what is said when nobody knows."""

    title: str
    remedy: str
    unknown: str


_NOT_KNOWN_NOW: Final = "This cannot be found out right now."

CHECKS: Final[dict[CheckName, CheckWords]] = {
    "token": CheckWords(
        "HubSpot gives access to the account",
        "Connect HubSpot again. It takes a Super Admin, or the permission App Marketplace Access.",
        "HubSpot does not answer right now.",
    ),
    "project": CheckWords(
        "The Chert project is active",
        "Ask Chert's support to activate the project.",
        "Chert does not answer right now.",
    ),
    "line": CheckWords(
        "A phone line is active",
        "Choose another line below, or ask Chert's support for one: lines are provided by Chert.",
        "Chert does not answer right now.",
    ),
    "template": CheckWords(
        "There is a message template",
        "Write one below, or in the project's settings.",
        "The account has none of its own. Whether the project has one is not available here: look at its settings.",
    ),
    "subscription": CheckWords(
        "Replies reach us",
        "Ask Chert's support to check the platform's webhook subscription.",
        "Not proven yet: it shows with the first reply.",
    ),
    "automation": CheckWords(
        "The workflow action may be used",
        "It needs HubSpot Professional or Enterprise. Then connect HubSpot again and accept “automation”.",
        _NOT_KNOWN_NOW,
    ),
    "card": CheckWords(
        "The card was opened on a contact",
        "Add the card to the contact record view in HubSpot, then open a contact.",
        "Not known yet: add the card to the contact record view in HubSpot, then open a contact.",
    ),
    "action": CheckWords(
        "The workflow action was called",
        "Add the action “Send iMessage via Chert” to a contact-based workflow, and let a contact pass it.",
        _NOT_KNOWN_NOW,
    ),
}
"""The checklist, line by line."""
