"""HubSpot's contacts in memory."""

from actions.adapters.in_memory.faults import Faults
from actions.errors import ContactGoneError
from actions.models import Contact


class InMemoryContacts:
    """Contacts by account; `faults` knows the point `before read`.

    Attributes:
        contacts: by account and id.
        missing: phone properties that an account lacks.
        reads: which were read.
    """

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.contacts: dict[tuple[int, str], Contact] = {}
        self.missing: dict[int, frozenset[str]] = {}
        self.reads: list[tuple[int, str]] = []

    def add(self, portal_id: int, contact: Contact) -> None:
        """Put a contact into an account."""
        self.contacts[portal_id, contact.id] = contact

    async def recent(self, portal_id: int, contact_id: str) -> Contact:
        """The contact.

        Raises:
            ContactGoneError: there is none.
        """
        return await self.read(portal_id, contact_id)

    async def read(self, portal_id: int, contact_id: str) -> Contact:
        """The contact.

        Raises:
            ContactGoneError: there is none.
        """
        await self.faults.reach("before read")
        self.reads.append((portal_id, contact_id))
        if (portal_id, contact_id) not in self.contacts:
            raise ContactGoneError
        return self.contacts[portal_id, contact_id]

    def forget(self, portal_id: int, contact_id: str) -> None:
        """Nothing is remembered here."""

    async def missing_phone_properties(self, portal_id: int) -> frozenset[str]:
        """Those that the account lacks."""
        return self.missing.get(portal_id, frozenset())
