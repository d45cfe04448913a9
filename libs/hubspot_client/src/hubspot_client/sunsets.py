"""What of HubSpot ends, and when: long before the day a test fails, an alert fires, and `chertctl doctor` warns."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from hubspot_client.paths import RELEASES, ApiVersion

WARNING: Final = timedelta(days=180)
"""How long before its end a version counts as ending: HubSpot releases every half year, so the next one is out."""


def ends_soon(version: ApiVersion, today: date) -> date | None:
    """The day from which a version is no longer supported, if that day is near or past."""
    end = RELEASES[version].supported_until
    return end if today >= end - WARNING else None


def supported_until(version: ApiVersion) -> float:
    """The moment from which a version is no longer supported, in Unix seconds."""
    return datetime.combine(RELEASES[version].supported_until, time(), UTC).timestamp()
