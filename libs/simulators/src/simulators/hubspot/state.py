"""The truth: every account with its contacts and communications, in memory, changed only through these methods."""

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from simulators.clock import Clock
from simulators.hubspot.models import Communication, Contact, Install, Portal, Switches
from simulators.hubspot.richtext import rewritten
from simulators.hubspot.searchable import CALCULATED, searchable_properties
from simulators.hubspot.timestamps import to_iso

BODY = "hs_communication_body"
# Ids are unique over all accounts, so that a test which crosses accounts never hits a record by chance.
FIRST_CONTACT_ID = 1_001
FIRST_COMMUNICATION_ID = 900_000_001


class UnknownPortalError(LookupError):
    """There is no such account."""


class UnknownContactError(LookupError):
    """There is no such contact in that account."""


class PortalExistsError(ValueError):
    """The account is there already."""


class World:
    """All accounts of this HubSpot."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self._clock = clock
        self.switches = switches
        self.portals: dict[int, Portal] = {}
        self._contact_ids = itertools.count(FIRST_CONTACT_ID)
        self._communication_ids = itertools.count(FIRST_COMMUNICATION_ID)
        self._logged: list[Communication] = []

    def clear(self) -> None:
        """Forget every account; ids go on, so that nothing old is mistaken for something new."""
        self.portals.clear()
        self._logged.clear()

    def add_portal(
        self, portal_id: int, name: str, unavailable_scopes: Iterable[str] = (), withheld_scopes: Iterable[str] = ()
    ) -> Portal:
        """Open an account.

        Raises:
            PortalExistsError: The id is taken.
        """
        if portal_id in self.portals:
            raise PortalExistsError(portal_id)
        portal = Portal(
            portal_id,
            name,
            user_id=portal_id * 10 + 1,
            unavailable_scopes=frozenset(unavailable_scopes),
            withheld_scopes=frozenset(withheld_scopes),
        )
        self.portals[portal_id] = portal
        return portal

    def portal(self, portal_id: int) -> Portal:
        """An account by its id.

        Raises:
            UnknownPortalError: There is none.
        """
        try:
            return self.portals[portal_id]
        except KeyError:
            raise UnknownPortalError(portal_id) from None

    def contact(self, portal: Portal, contact_id: str) -> Contact:
        """A contact of an account by its id.

        Raises:
            UnknownContactError: There is none.
        """
        try:
            return portal.contacts[contact_id]
        except KeyError:
            raise UnknownContactError(contact_id) from None

    def create_contact(self, portal: Portal, properties: dict[str, str]) -> Contact:
        """Add a contact; the search finds it after the index lag."""
        now = self._clock.now()
        contact_id = str(next(self._contact_ids))
        contact = Contact(contact_id, {"hs_object_id": contact_id, "createdate": to_iso(now)}, now, now)
        portal.contacts[contact_id] = contact
        self._apply(contact, properties, now)
        return contact

    def update_contact(self, contact: Contact, properties: dict[str, str]) -> dict[str, str]:
        """Write properties of a contact, where an empty value clears one, and return those that changed."""
        changed = {name: value for name, value in properties.items() if contact.properties.get(name, "") != value}
        self._apply(contact, properties, self._clock.now())
        return changed

    def create_communication(
        self, portal: Portal, properties: dict[str, str], contact_ids: Iterable[str], write_trace_id: str | None
    ) -> Communication:
        """Log a message on the timelines of contacts that exist."""
        now = self._clock.now()
        if self.switches.rewrite_bodies:
            properties = properties | {BODY: rewritten(properties.get(BODY, ""))}
        communication_id = str(next(self._communication_ids))
        own = {"hs_object_id": communication_id, "hs_createdate": to_iso(now), "hs_lastmodifieddate": to_iso(now)}
        communication = Communication(
            communication_id, portal.portal_id, properties | own, now, write_trace_id=write_trace_id
        )
        portal.communications[communication_id] = communication
        self._logged.append(communication)
        for contact_id in contact_ids:
            self.associate(communication, portal.contacts[contact_id])
        return communication

    def logged_after(self, communication_id: int, limit: int) -> Sequence[Communication]:
        """The first so many messages of all accounts whose ids are greater, in the order in which they were logged."""
        first = bisect_right(self._logged, communication_id, key=lambda message: int(message.communication_id))
        return self._logged[first : first + limit]

    def readable_communications(self, portal: Portal, contact: Contact) -> list[str]:
        """The ids of a contact's messages that a read by association shows, which may lag behind the writes."""
        seen = self._clock.now() - self.switches.association_lag_seconds
        return [one for one in contact.communication_ids if portal.communications[one].created_at <= seen]

    def associate(self, communication: Communication, contact: Contact) -> None:
        """Put a message on a contact's timeline; doing it again changes nothing."""
        if contact.contact_id not in communication.contact_ids:
            communication.contact_ids.append(contact.contact_id)
            contact.communication_ids.append(communication.communication_id)

    def record_install(self, portal: Portal, scopes: tuple[str, ...]) -> None:
        """The app now appears under Connected Apps."""
        portal.install = Install(portal.portal_id, self._clock.now(), scopes)

    def indexed_contacts(self, portal: Portal) -> Iterator[tuple[Contact, dict[str, str]]]:
        """The contacts as the search index holds them now, which may lag behind the records."""
        now = self._clock.now()
        for contact in portal.contacts.values():
            visible = [properties for since, properties in contact.versions if since <= now]
            if visible:
                yield contact, visible[-1]

    def _apply(self, contact: Contact, properties: dict[str, str], now: float) -> None:
        merged = contact.properties | properties | {"lastmodifieddate": to_iso(now)}
        kept = {name: value for name, value in merged.items() if value and name not in CALCULATED}
        contact.properties = kept | searchable_properties(kept)
        contact.updated_at = now
        visible_at = now + self.switches.search_lag_seconds
        # Only the newest version that is visible by now matters; the others wait for their moment.
        waiting = [version for version in contact.versions if version[0] > now]
        seen = [version for version in contact.versions if version[0] <= now][-1:]
        contact.versions = [*seen, *waiting, (visible_at, contact.properties)]
