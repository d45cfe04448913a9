"""HubSpot's contacts over the client library, remembered for seconds; the contact schema, for a day."""

from typing import Final

from actions.adapters.access_tokens import OAuthAccessTokens
from actions.adapters.remembering import Remembered
from actions.errors import (
    ActionsError,
    ContactGoneError,
    ContactUnreadableError,
    HubSpotAwayError,
    HubSpotBusyError,
    UnknownTenantError,
)
from actions.models import Contact
from chassis.clock import Clock
from hubspot_client import contacts
from hubspot_client.client import HubSpotClient
from hubspot_client.connection import HubSpotConnection
from hubspot_client.errors import (
    AccessTokenExpiredError,
    AccessTokenInvalidError,
    HubSpotError,
    NotFoundError,
    RefusedError,
    ThrottledError,
)

RECENT_SECONDS: Final = 5.0
"""How long a contact is shown as it was read, and not read again: a card that polls costs one call in that time."""

STALE_SECONDS: Final = 60.0
"""How long it is shown all the same while HubSpot wants fewer calls, is slow or does not answer; a send never goes by
that."""

PATIENCE_SECONDS: Final = 0.5
"""How long the card waits for a contact to be read again that it has shown before: a rep who corrects a number sees it
at once, and nobody waits for a HubSpot that is slow."""

SCHEMA_SECONDS: Final = 24 * 3600.0
"""How long it is known which properties an account has: admins change that rarely."""

PHONE_PROPERTIES: Final = frozenset({"phone", "mobilephone"})

_STALE_TOKEN: Final = (AccessTokenExpiredError, AccessTokenInvalidError)

Key = tuple[int, str]
"""Account and contact: one account's answers are never another's."""


class HubSpotContacts:
    """Reads contacts and the contact schema."""

    def __init__(self, connection: HubSpotConnection, access_tokens: OAuthAccessTokens, clock: Clock) -> None:
        self._client, self._access_tokens = HubSpotClient(connection, access_tokens), access_tokens
        self._contacts = Remembered(self._read, seconds=RECENT_SECONDS, clock=clock)
        self._missing = Remembered(self._read_missing, seconds=SCHEMA_SECONDS, clock=clock)

    async def recent(self, portal_id: int, contact_id: str) -> Contact:
        """The contact as it was at most a few seconds ago; a minute, while HubSpot cannot be asked or is slow.

        Raises:
            ActionsError: as the port says.
        """
        key = portal_id, contact_id
        try:
            return await self._contacts.soon(key, seconds=STALE_SECONDS, patience=PATIENCE_SECONDS)
        except (HubSpotBusyError, HubSpotAwayError):
            known = self._contacts.known(key, seconds=STALE_SECONDS)
            if known is None:
                raise
            return known

    async def read(self, portal_id: int, contact_id: str) -> Contact:
        """The contact as it is now; those who ask at the same moment share an answer.

        Raises:
            ActionsError: as the port says.
        """
        return await self._contacts.fresh((portal_id, contact_id))

    def forget(self, portal_id: int, contact_id: str) -> None:
        """Do not show again what was read of this contact."""
        self._contacts.forget((portal_id, contact_id))

    async def missing_phone_properties(self, portal_id: int) -> frozenset[str]:
        """Those of `phone` and `mobilephone` that do not exist or may not be read; empty when not known now."""
        try:
            return await self._missing(portal_id)
        except ActionsError:
            return frozenset()

    async def _read(self, key: Key) -> Contact:
        try:
            return _contact(await self._client.contacts.read(*key))
        except HubSpotError as error:
            meaning = self._meaning(key[0], error)
            if isinstance(meaning, (ContactGoneError, ContactUnreadableError)):
                self._contacts.forget(key)  # whoever looks next is told
            raise meaning from error
        except UnknownTenantError:
            self._contacts.forget(key)
            raise

    async def _read_missing(self, portal_id: int) -> frozenset[str]:
        try:
            return PHONE_PROPERTIES - await self._client.contacts.existing_properties(
                portal_id, sorted(PHONE_PROPERTIES)
            )
        except HubSpotError as error:
            raise self._meaning(portal_id, error) from error

    def _meaning(self, portal_id: int, error: HubSpotError) -> ActionsError:
        """What a read ended with; a refused token is forgotten, so the next call has another."""
        if isinstance(error, _STALE_TOKEN):
            self._access_tokens.forget(portal_id)
            return HubSpotAwayError(str(error))
        if isinstance(error, NotFoundError):
            return ContactGoneError()
        if isinstance(error, ThrottledError):
            return HubSpotBusyError(str(error), retry_after_seconds=error.retry_after_seconds)
        if isinstance(error, RefusedError):
            return ContactUnreadableError()
        return HubSpotAwayError(str(error), retry_after_seconds=error.retry_after_seconds)


def _contact(read: contacts.Contact) -> Contact:
    return Contact(
        id=read.id,
        phone=read.phone or "",
        mobilephone=read.mobilephone or "",
        firstname=read.firstname or "",
        lastname=read.lastname or "",
        company=read.company or "",
    )
