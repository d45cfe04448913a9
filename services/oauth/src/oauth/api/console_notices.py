"""What the console says once about what was just done."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from oauth.api.console_presenting import name_of, url_of
from oauth.handlers.tenants import ProjectAccounts
from oauth.models import Installation, Project

Notice = Literal["connected", "stays"]
"""What an install ended with: connected here, or renewed where it was connected before."""

AccountNotice = Literal["saved", "disconnected", "not_connected"]
"""What a form ended with."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """Words, and the page of the account that they are about, if the session may see it."""

    words: str = ""
    url: str = ""


def notice_on(notice: Notice | None, portal_id: int | None, found: Sequence[ProjectAccounts]) -> Noticed:
    """What an install ended with; an account and a project are named only to whoever may see them."""
    if notice is None:
        return Noticed()
    home = _home_of(portal_id, found)
    if home is None:
        return Noticed(_UNSEEN[notice])
    project, account = home
    words = _SEEN[notice].format(account=name_of(account), project=project.name)
    return Noticed(words, url_of(account))


_MOVE = "To move it, disconnect it there first, then connect it here."

_SEEN = {
    "connected": "{account} is connected to {project}.",
    "stays": "{account} was already connected to {project} and stays there; its access was renewed. " + _MOVE,
}
_UNSEEN = {
    "connected": "The HubSpot account is connected.",
    "stays": "This HubSpot account was already connected to another project and stays there; its access was renewed. "
    + _MOVE,
}


def _home_of(portal_id: int | None, found: Sequence[ProjectAccounts]) -> tuple[Project, Installation] | None:
    return next(
        ((view.project, account) for view in found for account in view.accounts if account.portal_id == portal_id),
        None,
    )
