"""The sunset radar. `test_nothing_that_we_use_ends_soon` is meant to fail one day: then move to the next version."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hubspot_client import DEFAULT_API_VERSION, DOCUMENTED_VERSION, RELEASES, ApiVersion, ends_soon, tell_support

ROOT = Path(__file__).parents[4]


def used() -> set[ApiVersion]:
    """The default, the journal's, and what a deployment file of ours asks for instead."""
    files = [ROOT / "docker-compose.yml", *(ROOT / "deploy" / "k8s").rglob("*.y*ml"), *(ROOT / "deploy").rglob("*.env")]
    asked = re.findall(r"HUBSPOT_API_VERSION[=:]\s*\"?(20\d\d-\d\d)", "".join(file.read_text() for file in files))
    return {DEFAULT_API_VERSION, DOCUMENTED_VERSION, *asked}


@pytest.mark.parametrize("version", sorted(used()))
def test_nothing_that_we_use_ends_soon(version: ApiVersion) -> None:
    """From half a year before HubSpot stops to support a version that we use, this fails."""
    today = datetime.now(UTC).date()

    assert ends_soon(version, today) is None, f"{version} ends on {RELEASES[version].supported_until}"


@pytest.mark.parametrize(
    ("today", "end"),
    [
        (date(2026, 9, 8), None),
        (date(2027, 9, 9), None),
        (date(2027, 9, 10), date(2028, 3, 8)),
        (date(2028, 3, 8), date(2028, 3, 8)),
        (date(2030, 1, 1), date(2028, 3, 8)),
    ],
)
def test_the_warning_comes_half_a_year_before_the_end(today: date, end: date | None) -> None:
    """180 days before, on the day, and for ever after."""
    assert end == ends_soon("2026-09", today)


class Told:
    """Gauges that remember."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str, str], float] = {}

    def set(self, name: str, value: float, **labels: str) -> None:
        """Remember it."""
        self.values[name, labels["use"], labels["api_version"]] = value


def test_the_end_is_the_first_moment_of_its_day() -> None:
    """What services export is midnight, UTC, of the day from which a version is no longer supported."""
    told = Told()
    tell_support(told, "2026-09")
    tell_support(told, "2026-03", use="journal")

    name = "hubspot_supported_until_seconds"
    assert told.values == {
        (name, "api", "2026-09"): datetime(2028, 3, 8, tzinfo=UTC).timestamp(),
        (name, "journal", "2026-03"): datetime(2027, 9, 30, tzinfo=UTC).timestamp(),
    }
