"""The other version of HubSpot's API: one setting, the same for every service that speaks it."""

from collections.abc import Iterator

import pytest
from rich.console import Console
from tests.e2e._settings import told

from harness.admins import client
from harness.control import HubSpotControl
from harness.journal import Journal
from harness.system import System
from harness.walk import Walk

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

OTHER = "2026-03"
SPEAKING = ("oauth", "actions", "timeline")


@pytest.fixture
def older(system: System) -> Iterator[System]:
    """The system while it speaks the older version."""
    with told(system, {name: {f"{name.upper()}_HUBSPOT_API_VERSION": OTHER} for name in SPEAKING}):
        yield system


async def test_the_main_job_is_done_in_the_older_version(older: System) -> None:
    """With one setting every call goes to the older version's paths, and the whole main job holds."""
    hubspot = HubSpotControl(older.url("hubspot"))
    before = await hubspot.last_request()
    async with Walk(older.seed("older"), Journal(Console(quiet=True))) as walk:
        journal = await walk.all_steps()

    paths = [received.path for received in await hubspot.requests(since=before)]
    await hubspot.close()
    assert 6 == len(journal.seconds)
    assert [path for path in paths if "2026-09" in path] == []
    assert {"/oauth/2026-03/token", "/crm/objects/2026-03/communications"} <= set(paths)


async def test_each_process_says_until_when_its_version_is_supported(older: System) -> None:
    """An alert and the doctor know of every process which version it speaks, and oauth of the journal's too."""
    async with client() as http:
        exported = {name: (await http.get(f"{older.url(name)}/metrics")).text for name in SPEAKING}

    spoken = f'hubspot_supported_until_seconds{{api_version="{OTHER}",use="api"}}'
    assert set(SPEAKING) == {name for name, text in exported.items() if spoken in text}
    assert 'use="journal"' in exported["oauth"]
