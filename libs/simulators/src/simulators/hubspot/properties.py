"""Which properties records have, and what HubSpot refuses to write into them (contract 5.1 and 5.2)."""

from collections.abc import Mapping

from simulators.hubspot.errors import Detail, invalid
from simulators.hubspot.searchable import CALCULATED
from simulators.hubspot.timestamps import parse_moment, to_iso

# What JSON may carry as a property's value; HubSpot keeps all of it as text.
PropertyValue = str | int | float | bool | None

CONTACT_READ_ONLY = frozenset({"hs_object_id", "createdate", "lastmodifieddate", *CALCULATED})
CONTACT_WRITABLE = frozenset(
    {
        "email",
        "firstname",
        "lastname",
        "phone",
        "mobilephone",
        "company",
        "jobtitle",
        "website",
        "address",
        "city",
        "state",
        "zip",
        "country",
        "lifecyclestage",
        "hubspot_owner_id",
    }
)
CONTACT_PROPERTIES = CONTACT_WRITABLE | CONTACT_READ_ONLY
COMMUNICATION_READ_ONLY = frozenset({"hs_object_id", "hs_createdate", "hs_lastmodifieddate"})
COMMUNICATION_WRITABLE = frozenset(
    {
        "hs_communication_channel_type",
        "hs_communication_logged_from",
        "hs_communication_body",
        "hs_timestamp",
        "hubspot_owner_id",
    }
)
COMMUNICATION_PROPERTIES = COMMUNICATION_WRITABLE | COMMUNICATION_READ_ONLY
CHANNEL_TYPES = frozenset({"WHATS_APP", "LINKEDIN_MESSAGE", "SMS"})
LOGGED_FROM = "CRM"


def as_text(properties: Mapping[str, PropertyValue]) -> dict[str, str]:
    """Properties as HubSpot keeps them; null is the empty text, which clears."""
    return {name: _text(value) for name, value in properties.items()}


def check_contact(properties: Mapping[str, str]) -> None:
    """Refuse what a contact cannot hold.

    Raises:
        ApiError: 400, naming every property that is wrong.
    """
    _refuse(_unwritable(properties, CONTACT_WRITABLE))


def checked_communication(properties: Mapping[str, str]) -> dict[str, str]:
    """The properties of a message with its timestamp as HubSpot writes it.

    Raises:
        ApiError: 400, naming every property that is wrong.
    """
    problems = _unwritable(properties, COMMUNICATION_WRITABLE)
    if properties.get("hs_communication_channel_type") not in CHANNEL_TYPES:
        allowed = ", ".join(sorted(CHANNEL_TYPES))
        problems.append(_problem("hs_communication_channel_type", "INVALID_OPTION", f"must be one of {allowed}"))
    if properties.get("hs_communication_logged_from") != LOGGED_FROM:
        problems.append(_problem("hs_communication_logged_from", "INVALID_OPTION", f"must be {LOGGED_FROM}"))
    moment = _moment(properties.get("hs_timestamp", ""))
    if moment is None:
        problems.append(_problem("hs_timestamp", "INVALID_DATE", "must be milliseconds or ISO 8601 in UTC"))
    _refuse(problems)
    return {**properties, "hs_timestamp": to_iso(moment or 0.0)}


def _text(value: PropertyValue) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _moment(text: str) -> float | None:
    try:
        return parse_moment(text)
    except ValueError:
        return None


def _unwritable(properties: Mapping[str, str], writable: frozenset[str]) -> list[Detail]:
    return [
        _problem(name, "PROPERTY_DOESNT_EXIST", "does not exist or is read only")
        for name in properties
        if name not in writable
    ]


def _problem(name: str, code: str, words: str) -> Detail:
    return Detail(f'Property "{name}" {words}', code=code, context={"propertyName": [name]})


def _refuse(problems: list[Detail]) -> None:
    if problems:
        raise invalid("Property values were not valid", *problems)
