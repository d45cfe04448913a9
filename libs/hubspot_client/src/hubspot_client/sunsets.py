"""What of HubSpot ends, and when: long before the day a test fails, an alert fires, and `chertctl doctor` warns."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal, Protocol

from hubspot_client.paths import RELEASES, ApiVersion

WARNING: Final = timedelta(days=180)
"""How long before its end a version counts as ending: HubSpot releases every half year, so the next one is out."""


def ends_soon(version: ApiVersion, today: date) -> date | None:
    """The day from which a version is no longer supported, if that day is near or past."""
    end = RELEASES[version].supported_until
    return end if today >= end - WARNING else None


class Gauges(Protocol):
    """Where a process sets its gauges."""

    def set(self, name: Literal["hubspot_supported_until_seconds"], value: float, **labels: str) -> None:
        """Set one."""
        ...


def tell_support(gauges: Gauges, version: ApiVersion, *, use: Literal["api", "journal"] = "api") -> None:
    """Say until when HubSpot supports a version that this process speaks, in Unix seconds, and what it is used for."""
    end = datetime.combine(RELEASES[version].supported_until, time(), UTC)
    gauges.set("hubspot_supported_until_seconds", end.timestamp(), use=use, api_version=version)
