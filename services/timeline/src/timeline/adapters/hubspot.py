"""HubSpot's timeline and contact search, over the client library."""

from collections.abc import AsyncIterator, Collection, Mapping
from typing import Final

from chassis import tracing
from hubspot_client.client import HubSpotClient
from hubspot_client.communications import NewCommunication
from hubspot_client.connection import HubSpotConnection
from hubspot_client.contacts import Contact
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
from timeline.models import Candidate, Found, Note, Written
from timeline.ports import CallMeter, Unread

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

    def __init__(self, connection: HubSpotConnection, access_tokens: OAuthAccessTokens, meter: CallMeter) -> None:
        self._access_tokens, self._meter = access_tokens, meter
        self._client = HubSpotClient(connection, self._called)
        self._searching = HubSpotClient(connection, self._searched)

    def work_under(self, portal_id: int, generation: int) -> None:
        """From here on an account is called with tokens of this install alone."""
        self._access_tokens.expect(portal_id, generation)

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
            with tracing.call("hubspot create communication", portal_id=portal_id):
                return await self._client.communications.create(portal_id, new, write_trace_id=trace_id)
        except HubSpotError as error:
            if error.may_have_happened:
                raise errors.WriteUnknownError(str(error)) from error
            raise self._meaning(portal_id, error) from error

    async def create_batch(self, portal_id: int, notes: Mapping[str, Note]) -> Mapping[str, str | TimelineError]:
        """Write notes by trace id, each with its association, in one call, once.

        Raises:
            AccountError: nothing was written, and the account has to wait.
            ReplyError: about the batch as a whole; only after `WriteUnknownError` any of it may have been written.
        """
        new = {key: NewCommunication(note.contact_id, note.body, note.timestamp) for key, note in notes.items()}
        try:
            with tracing.call("hubspot create communications", portal_id=portal_id, communications=len(new)):
                batch = await self._client.communications.batch_create(portal_id, new)
        except HubSpotError as error:
            if error.may_have_happened:
                raise errors.WriteUnknownError(str(error)) from error
            raise self._meaning(portal_id, error) from error
        failed = {key: self._meaning(portal_id, error) for key, error in batch.failed.items()}
        unknown = {key: errors.WriteUnknownError("not in the answer") for key in batch.unanswered}
        return {**batch.created, **failed, **unknown}

    async def whereabouts(self, portal_id: int, contact_id: str) -> str | None:
        """The id that a contact has now: its own, that of the one it was merged into, or none.

        Raises:
            AccountError: it cannot be asked now.
        """
        try:
            return (await self._client.contacts.read(portal_id, contact_id)).id
        except NotFoundError:
            return None
        except HubSpotError as error:
            meaning = self._meaning(portal_id, error)
            if isinstance(meaning, AccountError):
                raise meaning from error
            return contact_id

    async def written(self, portal_id: int, contact_ids: Collection[str], unread: Unread) -> AsyncIterator[Written]:
        """The contacts' communications as far as unread, found by association; a contact that is gone has none.

        Raises:
            AccountError: they cannot be read now.
            ReplyRefusedError: HubSpot will not show them.
        """
        try:
            async for contact_id, found in self._client.communications.of_contacts(portal_id, contact_ids, unread):
                yield Written(found.id, contact_id, found.body or "", found.timestamp)
        except HubSpotError as error:
            raise self._meaning(portal_id, error) from error

    async def by_phones(self, portal_id: int, national_numbers: Collection[str]) -> Found:
        """Contacts that may have one of these numbers, in one call.

        Raises:
            AccountError: it cannot be searched now.
            ReplyRefusedError: HubSpot will not search for this.
        """
        try:
            found = await self._searching.contacts.search_by_phones(portal_id, national_numbers)
        except HubSpotError as error:
            raise self._meaning(portal_id, error) from error
        return Found([_candidate(contact) for contact in found.contacts], whole=found.whole)

    async def _called(self, portal_id: int) -> str:
        """What each try of a call asks for right before it is sent."""
        access_token = await self._access_tokens(portal_id)
        self._meter.called(portal_id)
        return access_token

    async def _searched(self, portal_id: int) -> str:
        access_token = await self._access_tokens(portal_id)
        self._meter.searched(portal_id)
        return access_token

    def _meaning(self, portal_id: int, error: HubSpotError) -> TimelineError:
        """What a call ended with that wrote nothing; a refused token is forgotten, so the next call has another."""
        if isinstance(error, _STALE_TOKEN):
            self._access_tokens.forget(portal_id, doubt=isinstance(error, AccessTokenInvalidError))
        of_account = _OF_ACCOUNT.get(type(error))
        if of_account is not None:
            return of_account(str(error), error.retry_after_seconds)
        if not isinstance(error, RefusedError | RecordLockedError):
            return errors.AccountUnreachableError(str(error), error.retry_after_seconds)
        of_reply = _OF_REPLY.get(type(error), errors.ReplyRefusedError)
        return of_reply(str(error), words=error.words, retry_after_seconds=error.retry_after_seconds)


def _candidate(contact: Contact) -> Candidate:
    return Candidate(contact.id, tuple(filter(None, (contact.phone, contact.mobilephone))))
