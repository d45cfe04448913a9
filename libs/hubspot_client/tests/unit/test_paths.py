import re
from dataclasses import asdict
from datetime import date
from typing import get_args

import pytest

from hubspot_client import DEFAULT_API_VERSION, PATHS, RELEASES, ApiVersion

VERSIONS = get_args(ApiVersion)


def months_after(day: date, months: int) -> date:
    """The same day of the month, so many months on."""
    years, month = divmod(day.month - 1 + months, 12)
    return day.replace(year=day.year + years, month=month + 1)


def test_every_version_has_its_paths_and_dates() -> None:
    """A version that can be chosen has a row in both tables."""
    assert set(VERSIONS) == set(PATHS)
    assert set(VERSIONS) == set(RELEASES)
    assert "2026-09" == DEFAULT_API_VERSION


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_is_supported_for_18_months(version: ApiVersion) -> None:
    """HubSpot ends a version 18 months after its release."""
    release = RELEASES[version]

    assert months_after(release.released, 18) == release.supported_until


@pytest.mark.parametrize("version", VERSIONS)
def test_a_path_names_its_own_version_and_no_older_scheme(version: ApiVersion) -> None:
    """Each path carries its version once, and none is of the generations that end in 2027."""
    for path in asdict(PATHS[version]).values():
        assert [version] == re.findall(r"20\d\d-\d\d", path)
        assert [] == re.findall(r"/v\d", path)


@pytest.mark.parametrize(
    ("product", "path"),
    [
        ("token", "/oauth/2026-09/token"),
        ("token_introspect", "/oauth/2026-09/token/introspect"),
        ("token_revoke", "/oauth/2026-09/token/revoke"),
        ("external_install", "/appinstalls/2026-09/external-install"),
        ("account_details", "/account-info/2026-09/details"),
        ("contacts", "/crm/objects/2026-09/contacts"),
        ("contacts_search", "/crm/objects/2026-09/contacts/search"),
        ("communications", "/crm/objects/2026-09/communications"),
        ("contact_communications_batch_read", "/crm/associations/2026-09/contacts/communications/batch/read"),
        ("journal", "/webhooks-journal/journal/2026-09"),
        ("journal_subscriptions", "/webhooks-journal/subscriptions/2026-09"),
    ],
)
def test_paths_are_those_of_the_contract(product: str, path: str) -> None:
    """The mapping of hubspot-contract.md section 0, in both versions."""
    assert path == getattr(PATHS["2026-09"], product)
    assert path.replace("2026-09", "2026-03") == getattr(PATHS["2026-03"], product)
