"""The one table of HubSpot's paths, by product and API version, and how long each version is supported.

HubSpot dates its API versions: one is released each March and September and is unsupported 18 months after its
release. The version stands in a different place in each product's path, so it can be no prefix; each path is
written out. The undated generations (v1 to v4) end in 2027 and have no row here.

The webhooks journal is documented for 2026-03; its 2026-09 paths are assumed (hubspot-contract.md sections 3.3, 8).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final, Literal

ApiVersion = Literal["2026-03", "2026-09"]
"""A version of HubSpot's API that can be chosen by setting."""

DEFAULT_API_VERSION: Final[ApiVersion] = "2026-09"


@dataclass(frozen=True, slots=True)
class Release:
    """When a version was released, and the day from which HubSpot no longer supports it."""

    released: date
    supported_until: date


@dataclass(frozen=True, slots=True)
class Paths:
    """Where each product lives in one API version."""

    token: str
    token_introspect: str
    token_revoke: str
    external_install: str
    account_details: str
    callbacks: str
    contacts: str
    contacts_search: str
    contact_properties_batch_read: str
    communications: str
    communications_batch_create: str
    communications_batch_read: str
    contact_communications_batch_read: str
    journal: str
    journal_subscriptions: str


RELEASES: Final[Mapping[ApiVersion, Release]] = MappingProxyType(
    {
        "2026-03": Release(released=date(2026, 3, 30), supported_until=date(2027, 9, 30)),
        "2026-09": Release(released=date(2026, 9, 8), supported_until=date(2028, 3, 8)),
    }
)

PATHS: Final[Mapping[ApiVersion, Paths]] = MappingProxyType(
    {
        "2026-03": Paths(
            token="/oauth/2026-03/token",  # noqa: S106 - a path, not a secret
            token_introspect="/oauth/2026-03/token/introspect",  # noqa: S106 - as above
            token_revoke="/oauth/2026-03/token/revoke",  # noqa: S106 - as above
            external_install="/appinstalls/2026-03/external-install",
            account_details="/account-info/2026-03/details",
            callbacks="/automation/actions/callbacks/2026-03",
            contacts="/crm/objects/2026-03/contacts",
            contacts_search="/crm/objects/2026-03/contacts/search",
            contact_properties_batch_read="/crm/properties/2026-03/contacts/batch/read",
            communications="/crm/objects/2026-03/communications",
            communications_batch_create="/crm/objects/2026-03/communications/batch/create",
            communications_batch_read="/crm/objects/2026-03/communications/batch/read",
            contact_communications_batch_read="/crm/associations/2026-03/contacts/communications/batch/read",
            journal="/webhooks-journal/journal/2026-03",
            journal_subscriptions="/webhooks-journal/subscriptions/2026-03",
        ),
        "2026-09": Paths(
            token="/oauth/2026-09/token",  # noqa: S106 - a path, not a secret
            token_introspect="/oauth/2026-09/token/introspect",  # noqa: S106 - as above
            token_revoke="/oauth/2026-09/token/revoke",  # noqa: S106 - as above
            external_install="/appinstalls/2026-09/external-install",
            account_details="/account-info/2026-09/details",
            callbacks="/automation/actions/callbacks/2026-09",
            contacts="/crm/objects/2026-09/contacts",
            contacts_search="/crm/objects/2026-09/contacts/search",
            contact_properties_batch_read="/crm/properties/2026-09/contacts/batch/read",
            communications="/crm/objects/2026-09/communications",
            communications_batch_create="/crm/objects/2026-09/communications/batch/create",
            communications_batch_read="/crm/objects/2026-09/communications/batch/read",
            contact_communications_batch_read="/crm/associations/2026-09/contacts/communications/batch/read",
            journal="/webhooks-journal/journal/2026-09",
            journal_subscriptions="/webhooks-journal/subscriptions/2026-09",
        ),
    }
)
