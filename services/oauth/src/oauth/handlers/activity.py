"""Activity: what sister services did for an account, so that an admin can see why something was not sent."""

from dataclasses import dataclass
from typing import Final, Literal

from contracts.internal import BreakerState, ReplyActivity, ReplyActivityPage, SendActivity, SendActivityPage
from oauth.handlers.asking import Known

Sister = Literal["actions", "timeline"]

ACTIVITY_DAYS: Final = 30
"""How far back activity is looked for."""

SHOWN: Final = 100
"""How many sends, and how many replies, a page shows at most."""


@dataclass(frozen=True, slots=True)
class ActivityFilter:
    """What of the activity is looked for."""

    status: Literal["all", "sent", "refused", "waiting"] = "all"
    source: Literal["all", "card", "workflow", "contact_creation"] = "all"


@dataclass(frozen=True, slots=True)
class Activity:
    """What was done, newest first.

    Attributes:
        sends: as far as the filter lets them through.
        replies: of the same days.
        breaker: whether writing replies is resting; none when nobody says.
        away: sisters that cannot be asked now, or do not serve this.
        contacts_url: where the account's contacts are in HubSpot.
    """

    sends: tuple[SendActivity, ...]
    replies: tuple[ReplyActivity, ...]
    breaker: BreakerState | None
    away: tuple[Sister, ...]
    contacts_url: str | None

    def contact_url(self, contact_id: str | None) -> str | None:
        """Where a contact is in HubSpot."""
        return contact_url(self.contacts_url, contact_id)


def contact_url(contacts_url: str | None, contact_id: str | None) -> str | None:
    """Where a contact is in HubSpot, if it is known where the account's contacts are."""
    if contacts_url is None or contact_id is None or not (contact_id.isascii() and contact_id.isdigit()):
        return None
    return f"{contacts_url}/record/0-1/{contact_id}"


def activity_of(known: Known, wanted: ActivityFilter, project_id: str, contacts_url: str | None) -> Activity:
    """The latest sends and replies of an account in a project; a sister that could not say is named."""
    sends = known.sends if isinstance(known.sends, SendActivityPage) else None
    replies = known.replies if isinstance(known.replies, ReplyActivityPage) else None
    told: dict[Sister, object] = {"actions": sends, "timeline": replies}
    return Activity(
        sends=() if sends is None else _matching(sends, wanted, project_id),
        replies=() if replies is None else _of_project(replies, project_id),
        breaker=None if replies is None else replies.breaker,
        away=tuple(sister for sister, page in told.items() if page is None),
        contacts_url=contacts_url,
    )


def _of_project(page: ReplyActivityPage, project_id: str) -> tuple[ReplyActivity, ...]:
    return tuple(reply for reply in page.replies if reply.project_id == project_id)[:SHOWN]


def _matching(page: SendActivityPage, wanted: ActivityFilter, project_id: str) -> tuple[SendActivity, ...]:
    found = [
        send
        for send in page.sends
        if send.project_id == project_id
        and wanted.status in {"all", send.status}
        and wanted.source in {"all", send.source}
    ]
    return tuple(found[:SHOWN])
