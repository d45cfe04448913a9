"""What the simulated HubSpot and Chert were asked in a run, and what of it may not be: pure functions over a log.

Of a contact five properties are read and no other; every scope that the app asks for is used but `automation`, which
workflows alone need; every path is one that the table of HubSpot's versions has.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields
from typing import Final
from urllib.parse import parse_qs

from pydantic import JsonValue

from harness.control import Received
from hubspot_client.paths import PATHS, Paths

FIVE: Final = frozenset({"phone", "mobilephone", "firstname", "lastname", "company"})
"""The properties of a contact that the app may read (`architecture.md`, rule 5)."""

SCOPES: Final[Mapping[str, frozenset[str]]] = {
    "oauth": frozenset({"token", "account_details"}),
    "crm.objects.contacts.read": frozenset({"contacts", "contacts_search", "contact_communications_batch_read"}),
    "crm.objects.contacts.write": frozenset({"communications", "communications_batch_create"}),
    "crm.schemas.contacts.read": frozenset({"contact_properties_batch_read"}),
}
"""Which of HubSpot's products each scope is asked for; `automation` is what workflows need to show the action."""

OTHERS: Final = re.compile(r"/oauth/(\d+/)?authorize|/control/.*|/webhooks-journal-files/.*")
"""What browsers and tests call, and the addresses of files that HubSpot itself gives in an answer."""

_PRODUCTS: Final = tuple(field.name for field in fields(Paths))


def product_of(path: str) -> str | None:
    """Which product of HubSpot's, in whichever version, a path belongs to; none that the table has."""
    found = [
        (len(known), product)
        for table in PATHS.values()
        for product in _PRODUCTS
        if path == (known := getattr(table, product)) or path.startswith(f"{known}/")
    ]
    return max(found)[1] if found else None


def ours(requests: Iterable[Received]) -> list[Received]:
    """The calls of our services; the consent screen's address, for one, has to carry the state."""
    return [one for one in requests if not OTHERS.fullmatch(one.path)]


def unknown_paths(requests: Iterable[Received]) -> list[str]:
    """Paths that services called and the table does not have."""
    return sorted({one.path for one in ours(requests) if product_of(one.path) is None})


def unused_scopes(requests: Iterable[Received]) -> list[str]:
    """Scopes for which nothing was called that succeeded."""
    used = {product_of(one.path) for one in requests if one.status is not None and one.status < 400}
    return sorted(scope for scope, products in SCOPES.items() if not products & used)


def properties_read(requests: Iterable[Received]) -> AbstractSet[str]:
    """Every property of a contact that anybody asked for."""
    return frozenset(name for one in requests for name in _properties(one))


def _properties(request: Received) -> Sequence[str]:
    product = product_of(request.path)
    if product == "contacts":
        return [name for value in parse_qs(request.query).get("properties", []) for name in value.split(",")]
    if product == "contacts_search":
        return _members(request.body, "properties")
    return []


def _members(body: str, name: str) -> list[str]:
    try:
        content: JsonValue = json.loads(body)
    except ValueError:  # it broke off on its way
        return []
    listed = content.get(name) if isinstance(content, dict) else None
    return [str(one) for one in listed] if isinstance(listed, list) else []
