"""What of HubSpot ends, and when: long enough before the day, a test fails and `chertctl doctor` warns."""

from datetime import date, timedelta
from typing import Final

from hubspot_client.paths import RELEASES, ApiVersion

WARNING: Final = timedelta(days=180)
"""How long before its end a version counts as ending: HubSpot releases every half year, so the next one is out."""


def ends_soon(version: ApiVersion, today: date) -> date | None:
    """The day from which a version is no longer supported, if that day is near or past."""
    end = RELEASES[version].supported_until
    return end if today >= end - WARNING else None
