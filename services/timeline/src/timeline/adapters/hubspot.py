"""HubSpot's timeline and contact search, over the client library."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from hubspot_client.client import HubSpotClient
from hubspot_client.communications import NewCommunication
from hubspot_client.connection import HubSpotConnection
from hubspot_client.errors import (
    AccessTokenExpiredError,
    AccessTokenInvalidError,
    AccountMovingError,
    HubSpotError,
    MissingScopesError,
    NotFoundError,
    RateLimitedError,
    RecordLockedError,
    RefusedError,
)
from timeline import errors
from timeline.adapters.oauth import OAuthAccessTokens
from timeline.errors import AccountError, ReplyError, TimelineError
from timeline.models import Candidate, Note, Written

_STALE_TOKEN: Final = (AccessTokenExpiredError, AccessTokenInvalidError)

_OF_ACCOUNT: Final[dict[type[HubSpotError], type[AccountError]]] = {
    RateLimitedError: errors.AccountThrottledError,
    AccountMovingError: errors.AccountThrottledError,
    AccessTokenExpiredError: errors.AccessRefusedError,
    AccessTokenInvalidError: errors.AccessRefusedError,
    MissingScopesError: errors.AccessRefusedError,
}
"""What concerns the account as a whole, whatever was asked."""

_OF_REPLY: Final[dict[type[HubSpotError], type[ReplyError]]] = {
    RecordLockedError: errors.RecordLockedError,
    NotFoundError: errors.ContactGoneError,
}
"""What concerns one reply; every other refusal is final."""


class HubSpotTimeline:
    """Writes and reads communications, and finds contacts."""

    def __init__(self, connection: HubSpotConnection, access_tokens: OAuthAccessTokens) -> None:
        self._access_tokens = access_tokens
        self._client = HubSpotClient(connection, access_tokens)

    async def prepare(self, portal_id: int) -> None:
        """Have an access token at hand.

        Raises:
            AccountError: there is none.
        """
        await self._access_tokens(portal_id)

    async def create(self, portal_id: int, note: Note, *, trace_id: str) -> str:
        """Write a note with its association in one call, once.

        Raises:
            AccountError: nothing was written, and the account has to wait.
            ReplyError: only after `WriteUnknownError` it may have been written.
        """
        new = NewCommunication(note.contact_id, note.body, note.timestamp)
        try:
            return await self._client.communications.create(portal_id, new, write_trace_id=trace_id)
        except HubSpotError as error:
            if error.may_have_happened:
                raise errors.WriteUnknownError(str(error)) from error
            raise self._meaning(portal_id, error) from error

    async def written(self, portal_id: int, contact_id: str) -> AsyncIterator[Written]:
        """The contact's communications, found by association.

        Raises:
            AccountError: they cannot be read now.
            ReplyError: there is no such contact, or HubSpot will not show them.
        """
        try:
            async for found in self._client.communications.of_contact(portal_id, contact_id):
                yield Written(found.id, found.body or "", found.timestamp)
        except HubSpotError as error:
            raise self._meaning(portal_id, error) from error

    async def by_phone(self, portal_id: int, national_number: str) -> Sequence[Candidate]:
        """Contacts that may have this number.

        Raises:
            AccountError: it cannot be searched now.
            ReplyRefusedError: HubSpot will not search for this.
        """
        try:
            found = await self._client.contacts.search_by_phone(portal_id, national_number)
        except HubSpotError as error:
            raise self._meaning(portal_id, error) from error
        return [Candidate(contact.id, tuple(filter(None, (contact.phone, contact.mobilephone)))) for contact in found]

    def _meaning(self, portal_id: int, error: HubSpotError) -> TimelineError:
        """What a call ended with that wrote nothing; a refused token is forgotten, so the next call has another."""
        if isinstance(error, _STALE_TOKEN):
            self._access_tokens.forget(portal_id)
        of_account = _OF_ACCOUNT.get(type(error))
        if of_account is not None:
            return of_account(str(error), error.retry_after_seconds)
        if not isinstance(error, RefusedError | RecordLockedError):
            return errors.AccountUnreachableError(str(error), error.retry_after_seconds)
        of_reply = _OF_REPLY.get(type(error), errors.ReplyRefusedError)
        return of_reply(str(error), words=error.words, retry_after_seconds=error.retry_after_seconds)
