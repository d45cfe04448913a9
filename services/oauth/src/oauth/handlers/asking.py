"""Asking others about an account: HubSpot, Chert and the sister services, all at once and each only once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from pydantic import SecretStr

from contracts.internal import AccessToken, ReplyActivityPage, SendActivityPage
from oauth.errors import OAuthServiceError
from oauth.models import AccountDetails, Installation, PhoneLine
from oauth.ports import AccountDirectory, ActivityReader, ChertProjects, PhoneLines

GiveAccessToken = Callable[[int], Awaitable[AccessToken]]
T = TypeVar("T")

ANSWER_SECONDS: Final = 4.0
"""How long a page waits for what others know; then it says that it is not known."""

SENDS: Final = 500
"""How many sends are read; what a filter lets through is shown."""

REPLIES: Final = 100
"""How many replies are read."""


@dataclass(frozen=True, slots=True)
class Others:
    """Whom to ask, and the way to a token to ask HubSpot with."""

    access_token: GiveAccessToken
    directory: AccountDirectory
    lines: PhoneLines
    projects: ChertProjects
    activity: ActivityReader


@dataclass(frozen=True, slots=True)
class Known:
    """What others said of an account, or how they failed.

    Attributes:
        details: HubSpot, of the account.
        lines: Chert, of the project's lines.
        template: Chert, of the project's template; none when it does not tell.
        delivered: Chert, whether replies are delivered to us.
        sends: `actions`.
        replies: `timeline`.
    """

    details: AccountDetails | Exception
    lines: tuple[PhoneLine, ...] | Exception
    template: str | Exception | None
    delivered: bool | Exception
    sends: SendActivityPage | Exception
    replies: ReplyActivityPage | Exception


async def ask_others(installation: Installation, others: Others, since: datetime) -> Known:
    """What everyone says of an account now, its activity since a moment."""
    portal_id, tenant = installation.portal_id, installation.chert_tenant
    told = await asyncio.gather(
        answered(details_of(installation, others.access_token, others.directory)),
        answered(others.lines.of(tenant)),
        answered(others.projects.template(tenant)),
        answered(others.projects.delivers_replies(tenant)),
        answered(others.activity.sends(portal_id, since, SENDS)),
        answered(others.activity.replies(portal_id, since, REPLIES)),
    )
    return Known(*told)


async def answered(question: Awaitable[T]) -> T | Exception:
    """The answer, or why there is none in time."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await question
    except (OAuthServiceError, TimeoutError) as error:
        return error


async def details_of(
    installation: Installation, access_token: GiveAccessToken, directory: AccountDirectory
) -> AccountDetails:
    """What HubSpot says of a connected account, asked with its own token."""
    token = await access_token(installation.portal_id)
    return await directory.details(installation.portal_id, SecretStr(token.access_token))
