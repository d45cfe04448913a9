"""What Chert tells, asked of the simulated Chert, with the unpublished routes and without."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest

from actions.adapters.chert import ChertMessenger
from actions.adapters.facts import ChertFacts
from actions.models import Accepted, ChatHistory, Outgoing, Window
from chassis.clock import SystemClock
from chert_client import ChertClient
from harness.ports import LOOPBACK, answers
from harness.processes import Command, Supervisor

pytestmark = pytest.mark.integration

NUMBER = "+14155551234"
SECRET = b"0123456789abcdef0123456789abcdef"


@pytest.fixture(params=[True, False], ids=["unpublished routes", "published routes alone"])
def unpublished(request: pytest.FixtureRequest) -> bool:
    """Whether Chert serves what it does not publish."""
    return bool(request.param)


@pytest.fixture
async def chert(
    unpublished: bool, supervisor: Supervisor, chert_command: Command, http: httpx2.AsyncClient
) -> AsyncIterator[ChertClient]:
    """A client of a running Chert that has one project."""
    served = {"CHERT_SIM_UNPUBLISHED_ROUTES": str(unpublished).lower()}
    command = replace(chert_command, environment={**chert_command.environment, **served})
    port = int(command.environment["CHERT_SIM_PORT"])
    supervisor.start(command).wait_ready(lambda: answers(port), seconds=30)
    url, clock = f"http://{LOOPBACK}:{port}", SystemClock()
    project = {"slug": "acme", "project_id": "acme", "name": "Acme"}
    assert (await http.post(f"{url}/control/tenants", json=project)).status_code == 201
    limits = {"enforced": True, "daily_cap": 9, "window": {"start": "00:00", "end": "23:59:59"}}
    change = {"campaign_template": "Hi {{ contact.firstname }}", "auto_dial": True, "limits": limits}
    assert (await http.patch(f"{url}/control/tenants/acme", json=change)).status_code == 200
    async with ChertClient(url, signing_secret=lambda: SECRET, now=clock.now) as client:
        yield client


@pytest.fixture
def facts(chert: ChertClient) -> ChertFacts:
    """What it tells."""
    return ChertFacts(chert, SystemClock())


async def test_a_stranger_and_then_a_conversation(chert: ChertClient, facts: ChertFacts, unpublished: bool) -> None:
    """Lead, conversation, next send and history, before and after the first message."""
    assert await facts.chat_of("acme", NUMBER) is None
    assert not await facts.has_conversation("acme", NUMBER)

    sent = await ChertMessenger(chert).send("acme", "k-1", Outgoing(phone=NUMBER, body="Hello", external_id="904"))

    assert isinstance(sent, Accepted)
    assert sent.lead_id is not None
    assert (sent.lead_id if unpublished else None) == await facts.chat_of("acme", NUMBER)
    assert unpublished == await facts.has_conversation("acme", NUMBER)
    assert (unpublished, None) == await facts.next_send("acme", sent.lead_id)
    history = await facts.history("acme", sent.lead_id)
    assert history is not None
    assert [(sent.message_id, False, "Hello")] == [(one.id, one.inbound, one.text) for one in history.messages]
    assert ChatHistory() == await facts.history("acme", "no-such-chat")


async def test_campaign_and_lines(facts: ChertFacts, unpublished: bool) -> None:
    """Cap, window and template where they are told; the lines always."""
    campaign = await facts.campaign("acme")

    assert ("Hi {{ contact.firstname }}" if unpublished else None) == await facts.template("acme")
    assert unpublished == (campaign is not None)
    if campaign is not None:
        assert (0, 9, Window("00:00", "23:59"), "UTC", True) == (
            campaign.sent_today,
            campaign.daily_cap,
            campaign.window,
            campaign.timezone,
            campaign.auto_dial,
        )
    lines = await facts.lines("acme")
    assert lines is not None
    assert [True, True] == [line.is_active for line in lines]
