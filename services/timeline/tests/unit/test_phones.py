"""Phone numbers: asking HubSpot's search, and checking what it finds."""

import pytest

from timeline.handlers import phones
from timeline.models import Candidate


@pytest.mark.parametrize(
    ("handle", "number"),
    [
        ("+14155551234", "4155551234"),
        ("+393401234567", "3401234567"),
        ("+390612345678", "0612345678"),
        ("jo@example.test", None),
        ("+1", None),
        ("", None),
    ],
)
def test_the_search_gets_area_code_and_local_number(handle: str, number: str | None) -> None:
    """HubSpot's searchable numbers have no country code; a leading zero that belongs to a number stays."""
    assert number == phones.national(handle)


@pytest.mark.parametrize(
    ("written", "region", "found"),
    [
        ("+1 (415) 555-1234", "DE", True),
        ("(415) 555-1234", "US", True),
        ("(415) 555-1234", "DE", False),
        ("+44 4155551234", "US", False),
        ("call me", "US", False),
        ("", "US", False),
    ],
)
def test_a_find_is_verified_by_its_normalised_number(written: str, region: str, found: bool) -> None:
    """A contact counts only if its own number, read in the account's region, is the sender's in E.164."""
    owners = phones.owners([Candidate("1", (written,))], "+14155551234", region, gone=())

    assert (["1"] if found else []) == owners


def test_owners_are_ordered_by_age() -> None:
    """The lowest id is the oldest record, compared as a number; contacts that are gone are left out."""
    candidates = [Candidate(contact_id, ("+14155551234",)) for contact_id in ("1000", "99", "998", "99")]

    assert ["99", "998", "1000"] == phones.owners(candidates, "+14155551234", "US", gone=())
    assert ["998", "1000"] == phones.owners(candidates, "+14155551234", "US", gone=("99",))
