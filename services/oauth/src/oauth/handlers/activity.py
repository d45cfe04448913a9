"""Activity: what sister services did for an account, so that an admin can see why something was not sent."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from chassis.clock import Clock
from contracts.internal import BreakerState, ReplyActivity, ReplyActivityPage, SendActivity, SendActivityPage
from oauth.handlers.accounts import ACTIVITY_DAYS, GiveAccessToken, answered, portal_url, read_details
from oauth.handlers.tenants import find_account
from oauth.models import AccountDetails, Session
from oauth.ports import AccountDirectory, ActivityReader, InstallationStore

Sister = Literal["actions", "timeline"]

SHOWN: Final = 100
"""How many sends, and how many replies, a page shows at most."""

READ: Final = 500
"""How many of each are read before filtering."""


@dataclass(frozen=True, slots=True)
class ActivityFilter:
    """What of the activity is looked for; `days` back, 1 to 30."""

    status: Literal["all", "sent", "refused", "waiting"] = "all"
    source: Literal["all", "card", "workflow", "contact_creation"] = "all"
    days: int = ACTIVITY_DAYS


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
        if self.contacts_url is None or contact_id is None or not (contact_id.isascii() and contact_id.isdigit()):
            return None
        return f"{self.contacts_url}/record/0-1/{contact_id}"


async def read_activity(
    session: Session,
    project_id: str,
    portal_id: int,
    wanted: ActivityFilter,
    *,
    installations: InstallationStore,
    access_token: GiveAccessToken,
    directory: AccountDirectory,
    activity: ActivityReader,
    hubspot_origin: str | None,
    clock: Clock,
) -> Activity:
    """The latest sends and replies of an account; a sister that cannot say is named.

    Raises:
        AccountNotFoundError: the session may see no such account.
    """
    installation = await find_account(session, project_id, portal_id, installations=installations)
    since = clock.now() - timedelta(days=min(max(wanted.days, 1), ACTIVITY_DAYS))
    sends, replies, details = await asyncio.gather(
        answered(activity.sends(portal_id, since, READ)),
        answered(activity.replies(portal_id, since, SHOWN)),
        answered(read_details(installation, access_token, directory)),
    )
    told_sends = sends if isinstance(sends, SendActivityPage) else None
    told_replies = replies if isinstance(replies, ReplyActivityPage) else None
    away: list[Sister] = []
    if told_sends is None:
        away.append("actions")
    if told_replies is None:
        away.append("timeline")
    return Activity(
        sends=() if told_sends is None else _matching(told_sends, wanted, project_id),
        replies=() if told_replies is None else _of_project(told_replies, project_id),
        breaker=None if told_replies is None else told_replies.breaker,
        away=tuple(away),
        contacts_url=portal_url(details if isinstance(details, AccountDetails) else None, hubspot_origin),
    )


def _of_project(page: ReplyActivityPage, project_id: str) -> tuple[ReplyActivity, ...]:
    return tuple(reply for reply in page.replies if reply.project_id == project_id)


def _matching(page: SendActivityPage, wanted: ActivityFilter, project_id: str) -> tuple[SendActivity, ...]:
    found = [
        send
        for send in page.sends
        if send.project_id == project_id
        and wanted.status in {"all", send.status}
        and wanted.source in {"all", send.source}
    ]
    return tuple(found[:SHOWN])
