"""Phone numbers: what HubSpot's search takes, and which of its finds really has the number."""

from collections.abc import Collection, Iterable

import phonenumbers

from timeline.models import Candidate


def e164(number: str, region: str | None = None) -> str | None:
    """A number in E.164, or nothing if it is none; `region` helps numbers without a country code (ISO 3166)."""
    parsed = _parsed(number, region)
    return None if parsed is None else phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def national(handle: str) -> str | None:
    """Area code and local number of an E.164 handle, digits alone; nothing for an e-mail address."""
    parsed = _parsed(handle, None)
    return None if parsed is None else phonenumbers.national_significant_number(parsed)


def owners(candidates: Iterable[Candidate], handle: str, region: str, gone: Collection[str]) -> list[str]:
    """Contacts that really have this number and still exist, the oldest record (the lowest id) first."""
    wanted = e164(handle)
    found = {
        candidate.contact_id
        for candidate in candidates
        if candidate.contact_id not in gone and any(e164(number, region) == wanted for number in candidate.numbers)
    }
    return sorted(found, key=lambda contact_id: (len(contact_id), contact_id))


def _parsed(number: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    return parsed if phonenumbers.is_possible_number(parsed) else None
