import pytest
from pydantic import ValidationError

from contracts.contacts import ContactMerged, ContactUpdated

CONTACT = {"portal_id": 62515, "contact_id": "904", "occurred_at": "2026-11-22T12:00:00Z"}


def test_only_changed_numbers_are_told() -> None:
    """An update names `phone` or `mobilephone`; any other property breaks the contract."""
    with pytest.raises(ValidationError):
        ContactUpdated.model_validate({**CONTACT, "property": "email"})


def test_what_a_property_holds_is_never_told() -> None:
    """A number given beside the property's name is not taken over."""
    event = ContactUpdated.model_validate({**CONTACT, "property": "phone", "value": "+14155550100"})

    assert "+14155550100" not in event.model_dump_json()


@pytest.mark.parametrize("merged", [[], ["x"], [str(n) for n in range(251)]])
def test_a_merge_names_what_was_merged(merged: list[str]) -> None:
    """A merge names between one and 250 replaced contacts, each by a record id."""
    with pytest.raises(ValidationError):
        ContactMerged.model_validate({**CONTACT, "merged_ids": merged})
