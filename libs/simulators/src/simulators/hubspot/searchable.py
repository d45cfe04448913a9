"""The calculated properties by which phone numbers are searched: area code plus local number (contract 5.1)."""

import phonenumbers

# Numbers without a country code are read as numbers of this country.
DEFAULT_REGION = "US"
# Each calculated property and the property it is calculated from.
CALCULATED = {
    "hs_searchable_calculated_phone_number": "phone",
    "hs_searchable_calculated_mobile_number": "mobilephone",
    "hs_searchable_calculated_international_phone_number": "phone",
    "hs_searchable_calculated_international_mobile_number": "mobilephone",
}


def searchable_properties(properties: dict[str, str]) -> dict[str, str]:
    """The calculated properties of a contact; one without a source is left out."""
    calculated = {name: _national_number(properties.get(source, "")) for name, source in CALCULATED.items()}
    return {name: value for name, value in calculated.items() if value}


def _national_number(text: str) -> str:
    """The number without its country code, digits only; what is no number keeps its digits."""
    try:
        return phonenumbers.national_significant_number(phonenumbers.parse(text, DEFAULT_REGION))
    except phonenumbers.NumberParseException:
        return "".join(character for character in text if character.isdigit())
