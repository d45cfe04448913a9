"""What may be asked of HubSpot: planted calls that may not be are found in a log."""

import json

import pytest
from _whole_requests import FIVE, properties_read, unknown_paths, unused_scopes

from harness.control import Received


def received(path: str, *, query: str = "", body: str = "", status: int = 200) -> Received:
    """One request in a log."""
    return Received(seq=1, at=0.0, received_at=0.0, method="GET", path=path, query=query, body=body, status=status)


CALLS = [
    received("/oauth/2026-09/token"),
    received("/crm/objects/2026-03/contacts/7", query="properties=phone,mobilephone,firstname"),
    received("/crm/objects/2026-09/contacts/search", body=json.dumps({"properties": ["lastname", "company"]})),
    received("/crm/objects/2026-09/communications/batch/create"),
    received("/crm/properties/2026-09/contacts/batch/read"),
]


def test_a_clean_log_has_no_findings() -> None:
    """Calls of both versions' paths, of five properties, for every scope: nothing is found."""
    assert ([], [], FIVE) == (unknown_paths(CALLS), unused_scopes(CALLS), properties_read(CALLS))


@pytest.mark.parametrize(
    "path", ["/crm/v3/objects/contacts/7", "/crm/objects/2026-09/deals/1", "/crm/objects/2027-03/x"]
)
def test_a_path_that_the_table_lacks_is_found(path: str) -> None:
    """An undated generation, a product of which nobody knows, and a version that is none are found."""
    assert [path] == unknown_paths([*CALLS, received(path)])


def test_a_sixth_property_is_found() -> None:
    """By query or by search, a property more than the five is seen."""
    by_query = received("/crm/objects/2026-09/contacts/7", query="properties=phone&properties=email")
    by_search = received("/crm/objects/2026-09/contacts/search", body=json.dumps({"properties": ["email"]}))

    assert {"email"} == properties_read([*CALLS, by_query]) - FIVE
    assert {"email"} == properties_read([*CALLS, by_search]) - FIVE


@pytest.mark.parametrize(
    ("without", "scope"),
    [
        (0, "oauth"),
        (3, "crm.objects.contacts.write"),
        (4, "crm.schemas.contacts.read"),
    ],
)
def test_a_scope_that_nothing_uses_is_found(without: int, scope: str) -> None:
    """A scope for which no call succeeded is asked of customers for nothing."""
    refused = [*CALLS[:without], CALLS[without].model_copy(update={"status": 403}), *CALLS[without + 1 :]]

    assert [scope] == unused_scopes(refused)
