"""Words for people: what each refusal and each scope means, and what to do about it."""

from dataclasses import dataclass
from typing import Final

from contracts.failures import Code, Failure
from oauth.errors import InstallReason
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
        "HubSpot does not accept our app's configuration. This is for us to repair: please send us the trace id.",
    ),
    "hubspot_unavailable": Advice(
        "HubSpot does not answer properly",
        "The account was not connected. Please try again in a few minutes.",
        connect_again=True,
    ),
}
"""By reason."""

_GENERAL_ADVICE: Final[dict[Code, Advice]] = {
    Code.NO_CREDENTIALS: Advice(
        "You are signed out of Chert",
        "Your session ended while you were at HubSpot. Sign in, then connect again.",
        connect_again=True,
    ),
    Code.FORBIDDEN: Advice(
        "This project is not yours to connect", "You are signed in, but have no rights on this project."
    ),
    Code.NOT_FOUND: Advice("There is nothing here", "The address may be old or mistyped."),
    Code.UNAVAILABLE: Advice("Not available right now", "Please try again in a moment."),
}

_UNDERSTOOD_BY_NOBODY: Final = Advice("This request cannot be answered", "Something in it is not as it should be.")


def advice_on(failure: Failure) -> Advice:
    """What to tell a person about a failure."""
    for reason, advice in INSTALL_ADVICE.items():
        if failure.reason == reason:
            return advice
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
