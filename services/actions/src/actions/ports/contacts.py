"""HubSpot's contacts, as far as the card and contact creation need them."""

from typing import Protocol

from actions.models import Contact


class ContactReader(Protocol):
    """Reads contacts: five properties and no more.

    Both methods raise `ContactGoneError`, `ContactUnreadableError`, `UnknownTenantError`, `HubSpotBusyError`,
    `HubSpotAwayError` or `AuthorityAwayError`.
    """

    async def recent(self, portal_id: int, contact_id: str) -> Contact:
        """The contact as it was at most a minute ago; what is older than a few seconds is read again beside."""
        ...

    async def read(self, portal_id: int, contact_id: str) -> Contact:
        """The contact as it is now; those who ask at the same moment share an answer."""
        ...

    def forget(self, portal_id: int, contact_id: str) -> None:
        """Do not show again what was read of this contact."""
        ...


class ContactSchema(Protocol):
    """Which of the two phone properties an account's contacts have."""

    async def missing_phone_properties(self, portal_id: int) -> frozenset[str]:
        """Those of `phone` and `mobilephone` that do not exist or may not be read, as of at most a day ago.

        Empty when that cannot be known now: it only explains, and nothing depends on it.
        """
        ...
