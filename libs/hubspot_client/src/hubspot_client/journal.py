"""HubSpot's webhooks journal: which accounts have uninstalled the app (hubspot-contract.md section 3.3).

The journal is the app's, not an account's: its token comes from the app's own credentials. HubSpot keeps a page
for three days. What a page says is a hint; who acts on it asks HubSpot about the account first.

Documented are the paths of 2026-03. Those of 2026-09 are a rollout under way and **assumed** to differ in the
version alone, so the version is chosen here apart from the connection's.
"""

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Final

import httpx2
from pydantic import AfterValidator, AliasPath, AwareDatetime, Field, ValidationError

from hubspot_client.answers import Answer, Result, error_of, parsed, succeeded, understood_as
from hubspot_client.connection import Call, HubSpotConnection
from hubspot_client.errors import (
    AccessTokenExpiredError,
    AccessTokenInvalidError,
    JournalOffsetLostError,
    JournalPageUnreadableError,
    MalformedAnswerError,
    RefusedError,
)
from hubspot_client.oauth import AppGrant, OAuthClient
from hubspot_client.paths import PATHS, ApiVersion

DOCUMENTED_VERSION: Final[ApiVersion] = "2026-03"

APP_INSTALLED: Final = "4-1909196"
"""`event_type_id` of an app's install."""
APP_UNINSTALLED: Final = "4-1916193"
"""`event_type_id` of an app's uninstall."""

JOURNAL_SCOPES: Final = (
    "developer.webhooks_journal.read",
    "developer.webhooks_journal.subscriptions.read",
    "developer.webhooks_journal.subscriptions.write",
)

_LEEWAY: Final = timedelta(seconds=60)
_OFFSET: Final = re.compile(r"[A-Za-z0-9-]{1,100}")
_URL_LENGTH: Final = 8_192  # a presigned link with a session token takes some two thousand
_GONE: Final = frozenset({httpx2.codes.NOT_FOUND, httpx2.codes.GONE})


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """One line of the journal; `app_id` is absent when HubSpot does not say it."""

    portal_id: int
    app_id: int | None
    event_type_id: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class JournalPage:
    """A page of the journal; the next one is asked for by its `offset`, once its events are safe."""

    offset: str
    events: tuple[JournalEvent, ...]
    unreadable: int = 0
    """How many entries were left out because they are not of the documented form."""


def _http_url(text: str) -> str:
    """The link as it came, for a signature may cover its spelling."""
    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL:
        raise ValueError("no URL") from None
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError("not an HTTP URL")
    return text


class _Place(Result):
    """Where a page lies. The link is presigned: whoever has it can read the page."""

    offset: str = Field(validation_alias="currentOffset", pattern=f"^{_OFFSET.pattern}$")
    url: Annotated[str, AfterValidator(_http_url)] = Field(max_length=_URL_LENGTH, repr=False)


class _Entry(Result):
    portal_id: int = Field(validation_alias="portalId", gt=0)
    event_type_id: str = Field(validation_alias="eventTypeId")
    occurred_at: AwareDatetime = Field(validation_alias="occurredAt")
    app_id: int | None = Field(default=None, validation_alias=AliasPath("properties", "hs_app_id"))

    def event(self) -> JournalEvent:
        return JournalEvent(self.portal_id, self.app_id, self.event_type_id, self.occurred_at)


class _File(Result):
    entries: tuple[object, ...] = Field(validation_alias="journalEvents")


class AppTokens:
    """The app's own access token for the journal, kept in memory until a minute before it expires."""

    def __init__(self, oauth: OAuthClient, *, now: Callable[[], datetime]) -> None:
        self._oauth = oauth
        self._now = now
        self._asking = asyncio.Lock()
        self._grant: AppGrant | None = None

    async def __call__(self) -> str:
        """The token; one call to HubSpot at a time, however many wait for it.

        Raises:
            AppRejectedError: HubSpot refuses the app's credentials or scopes.
            HubSpotError: any other leaf of the token route.
        """
        async with self._asking:
            if self._grant is None or self._now() >= self._grant.expires_at - _LEEWAY:
                self._grant = await self._oauth.app_token(JOURNAL_SCOPES)
            return self._grant.access_token.get_secret_value()

    def forget(self) -> None:
        """Ask for a new one at the next call, for HubSpot has refused this one."""
        self._grant = None


class JournalClient:
    """The journal of one app."""

    def __init__(
        self, connection: HubSpotConnection, app_tokens: AppTokens, *, version: ApiVersion = DOCUMENTED_VERSION
    ) -> None:
        self._connection = connection
        self._app_tokens = app_tokens
        self._paths = PATHS[version]

    async def subscribe_uninstalls(self) -> None:
        """Have uninstalls written to the journal; sent once, and harmless to repeat.

        Raises:
            HubSpotError: any leaf but `ConflictError`, which says that the subscription exists.
        """
        call = Call(
            method="POST",
            path=self._paths.journal_subscriptions,
            json={"subscriptionType": "APP_LIFECYCLE_EVENT", "eventTypeId": APP_UNINSTALLED, "properties": []},
            access_token=self._app_tokens,
        )
        try:
            await self._connection.write(call, _subscribed)
        except (AccessTokenExpiredError, AccessTokenInvalidError):
            self._app_tokens.forget()
            raise

    async def next(self, offset: str | None) -> JournalPage | None:
        """The page after `offset`, or the earliest that HubSpot still has; none when there is nothing newer.

        It takes two calls, each with a budget of its own: where the page is, and the page.

        Raises:
            JournalOffsetLostError: 404 or 410 for this offset; also, without a call, for what cannot be one.
            JournalPageUnreadableError: the page is refused, too large or not of the documented form.
            HubSpotError: any other leaf that a read can end with.
        """
        place = await self._place(offset)
        return None if place is None else await self._page(place)

    async def _place(self, offset: str | None) -> _Place | None:
        call = Call(method="GET", path=self._path_after(offset), access_token=self._app_tokens)
        try:
            return await self._connection.read(call, partial(_place_after, offset))
        except (AccessTokenExpiredError, AccessTokenInvalidError):
            self._app_tokens.forget()
            raise

    def _path_after(self, offset: str | None) -> str:
        if offset is None:
            return f"{self._paths.journal}/earliest"
        if not _OFFSET.fullmatch(offset):
            raise JournalOffsetLostError
        return f"{self._paths.journal}/offset/{offset}/next"

    async def _page(self, place: _Place) -> JournalPage:
        # The link carries its own authority; the app's token is for HubSpot's API alone.
        call = Call(method="GET", path=place.url)
        try:
            file = await self._connection.read(call, understood_as(_File))
        except (RefusedError, MalformedAnswerError) as error:
            raise JournalPageUnreadableError(error.refusal, offset=place.offset) from None
        entries = list(_readable(file.entries))
        events = tuple(entry.event() for entry in entries)
        return JournalPage(place.offset, events, unreadable=len(file.entries) - len(events))


def _subscribed(answer: Answer) -> None:
    if answer.status != httpx2.codes.CONFLICT:
        succeeded(answer)


def _place_after(offset: str | None, answer: Answer) -> _Place | None:
    """Where the answer says the page is. A 404 for `earliest` is about the route, so it stays a 404."""
    if answer.status == httpx2.codes.NO_CONTENT:
        return None
    if offset is not None and answer.status in _GONE:
        raise JournalOffsetLostError(error_of(answer).refusal)
    succeeded(answer)
    return parsed(_Place, answer)


def _readable(entries: Iterable[object]) -> Iterable[_Entry]:
    for entry in entries:
        try:
            yield _Entry.model_validate(entry)
        except ValidationError:
            continue
