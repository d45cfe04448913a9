"""Contacts: reading one, and finding those that may own a phone number.

Only five properties are ever asked for, those the app tells its customers about (chert-contract.md section 2.2).
Sources: hubspot-contract.md section 5.1.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from hubspot_client.answers import Result, understood_as
from hubspot_client.connection import AccessTokens, Call, HubSpotConnection
from hubspot_client.errors import NotFoundError

PROPERTIES: Final = ("phone", "mobilephone", "firstname", "lastname", "company")

_SEARCHABLE_PHONES: Final = ("hs_searchable_calculated_phone_number", "hs_searchable_calculated_mobile_number")
_SEARCH_LIMIT: Final = 200  # the most that HubSpot gives in one page

PHONES_LIMIT: Final = 60
"""The most numbers of one search: each stands in it twice with at most 18 characters, and 3,000 are allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A contact and the five properties this app reads; its text shows the id alone."""

    id: str
    phone: str | None = field(default=None, repr=False)
    mobilephone: str | None = field(default=None, repr=False)
    firstname: str | None = field(default=None, repr=False)
    lastname: str | None = field(default=None, repr=False)
    company: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class FoundContacts:
    """What a search found; `whole` unless there is more, or HubSpot does not say that there is not."""

    contacts: tuple[Contact, ...]
    whole: bool


class _Record(Result):
    id: str
    properties: dict[str, str | None]

    def contact(self) -> Contact:
        return Contact(id=self.id, **{name: self.properties.get(name) for name in PROPERTIES})


class _Found(Result):
    results: tuple[_Record, ...]
    total: int | None = None


class Contacts:
    """The contacts of installed accounts."""

    def __init__(self, connection: HubSpotConnection, access_tokens: AccessTokens) -> None:
        self._connection = connection
        self._access_tokens = access_tokens

    async def read(self, portal_id: int, contact_id: str) -> Contact:
        """One contact by id.

        Raises:
            NotFoundError: there is none, or it is archived; also, without a call, for an id that is no number.
            HubSpotError: any other leaf that a read can end with.
        """
        if not is_record_id(contact_id):
            raise NotFoundError
        call = Call(
            method="GET",
            path=f"{self._connection.paths.contacts}/{contact_id}",
            params={"properties": ",".join(PROPERTIES)},
            access_token=partial(self._access_tokens, portal_id),
            portal_id=portal_id,
        )
        return (await self._connection.read(call, understood_as(_Record))).contact()

    async def search_by_phones(self, portal_id: int, national_numbers: Collection[str]) -> FoundContacts:
        """Contacts whose phone or mobile number may be one of these, at most 200.

        HubSpot's searchable numbers have no country code, so numbers of two countries can collide: check each
        contact's own number. Its index lags behind writes, and it allows five searches a second and account.

        Args:
            portal_id: the account.
            national_numbers: 1 to 60 of them: area code and local number, digits alone, for example `5551230000`.

        Raises:
            ValueError: there are none, or too many for the 3,000 characters a search may have.
            HubSpotError: any leaf that a read can end with.
        """
        if not 1 <= len(national_numbers) <= PHONES_LIMIT:
            raise ValueError(f"a search takes 1 to {PHONES_LIMIT} numbers, not {len(national_numbers)}")
        one_of = {"operator": "IN", "values": sorted(national_numbers)}
        call = Call(
            method="POST",
            path=self._connection.paths.contacts_search,
            json={
                "filterGroups": [{"filters": [{"propertyName": name, **one_of}]} for name in _SEARCHABLE_PHONES],
                "properties": PROPERTIES,
                "limit": _SEARCH_LIMIT,
            },
            access_token=partial(self._access_tokens, portal_id),
            portal_id=portal_id,
        )
        found = await self._connection.read(call, understood_as(_Found))
        contacts = tuple(record.contact() for record in found.results)
        return FoundContacts(contacts, whole=found.total is not None and found.total <= len(contacts))


def is_record_id(text: str) -> bool:
    """Whether the text can be a record's id: digits alone, so that it can stand in a path."""
    return text.isascii() and text.isdigit()
