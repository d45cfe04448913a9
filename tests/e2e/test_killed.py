"""Each service killed (-9) at its own worst moment, and started again: nothing is lost and nothing happens twice."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx2
import pytest

from contracts.topics import REPLY_RECORDED, TENANT_INSTALLED
from harness.control import Execution
from harness.system import System
from harness.waiting import eventually
from harness.walk import Walk

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

LONGEST = 120.0
"""Seconds that anything may take: an open claim moves after 15 s, and HubSpot's late commits are waited out."""


LATE_COMMIT_SECONDS = 80.0
"""By how much the clock goes ahead, so that nothing can appear at HubSpot any more."""


async def hang_after_write(simulator: str, path: str) -> None:
    """The next POST there is carried out, and its answer never comes."""
    fault = {"method": "POST", "path_prefix": path, "kind": "hang", "count": 1, "after_write": True}
    async with httpx2.AsyncClient(base_url=simulator) as client:
        (await client.post("/control/faults", json=fault)).raise_for_status()


def succeeds(attempt: Callable[[], Awaitable[Execution]]) -> Callable[[], Awaitable[bool]]:
    """Whether one more attempt of a workflow call succeeds."""

    async def tried() -> bool:
        return (await attempt()).outcome == "success"

    return tried


async def copies(walk: Walk, text: str) -> int:
    """How often a text stands on the contact's timeline."""
    timeline = await walk.hubspot.timeline(walk.portal.portal_id, walk.contact.id)
    return sum(text in communication.body for communication in timeline)


async def is_there(walk: Walk, text: str) -> bool:
    """Whether HubSpot has a text on the contact's timeline."""
    return await copies(walk, text) > 0


async def was_sent(walk: Walk, text: str) -> bool:
    """Whether Chert has sent a text."""
    return text in [sent.body for sent in await walk.chert.sent(walk.run.chert.tenant_slug)]


async def is_connected(walk: Walk) -> bool:
    """Whether the console shows the account as connected."""
    return "connected account" in walk.journal.ids


async def test_timeline_killed_after_the_publish(walk: Walk, system: System) -> None:
    """A reply that was published while `timeline` died is on the timeline once when it is back."""
    await walk.connect()
    await walk.send()
    system.pause("timeline")
    reply = await walk.lead_replies()
    system.kill("timeline")

    system.start("timeline")

    await walk.reply_on_timeline(reply)
    assert 1 == await copies(walk, reply.text)


async def test_timeline_killed_between_the_write_and_its_record(walk: Walk, system: System) -> None:
    """A reply that HubSpot wrote while `timeline` died before it knew is found there, and not written again."""
    await walk.connect()
    await walk.send()
    await hang_after_write(system.addresses.url("hubspot"), "/crm/objects/")
    reply = await walk.lead_replies()
    await eventually(lambda: is_there(walk, reply.text), what="HubSpot to write the reply", seconds=LONGEST)
    system.kill("timeline")

    system.start("timeline")
    await system.move_clock(offset_seconds=LATE_COMMIT_SECONDS)

    await walk.log.find(REPLY_RECORDED, lambda recorded: recorded.message_id == reply.message_id, seconds=LONGEST)
    assert 1 == await copies(walk, reply.text)


async def test_actions_killed_between_the_send_and_its_answer(walk: Walk, system: System) -> None:
    """A message that Chert sent while `actions` died before it knew is not sent again, and HubSpot gets its answer."""
    await walk.connect()
    await hang_after_write(system.addresses.url("chert"), "/api/v1/send")
    text = "Hello, once."
    first = asyncio.create_task(walk.hubspot.run_workflow(walk.portal.portal_id, walk.contact.id, text))
    await eventually(lambda: was_sent(walk, text), what="Chert to send", seconds=LONGEST)
    system.kill("actions")
    cut_off = await first

    system.start("actions")
    again = succeeds(lambda: walk.hubspot.repeat_workflow(walk.portal.portal_id, cut_off.callback_id))
    await eventually(again, what="HubSpot's retry to succeed", seconds=LONGEST)

    assert "will_retry" == cut_off.outcome
    assert [text] == [sent.body for sent in await walk.chert.sent(walk.run.chert.tenant_slug)]


async def test_oauth_killed_between_the_install_and_its_event(walk: Walk, system: System) -> None:
    """An install that was stored while no event could be told is told once when `oauth` is back."""
    system.kafka.pause()
    connecting = asyncio.create_task(walk.connect())
    await eventually(lambda: is_connected(walk), what="the account to be installed", seconds=LONGEST)
    system.kill("oauth")
    system.kafka.resume()

    system.start("oauth")
    await asyncio.gather(connecting, return_exceptions=True)  # it watched Kafka, which was frozen

    installed = await walk.log.find(
        TENANT_INSTALLED, lambda tenant: tenant.portal_id == walk.portal.portal_id, seconds=LONGEST
    )
    assert walk.portal.project_id == installed.event.data.project_id
    await walk.send()


async def test_webhooks_killed_between_the_publish_and_its_answer(walk: Walk, system: System) -> None:
    """A reply whose acknowledgement died with `webhooks` is delivered again by Chert and is on the timeline once."""
    await walk.connect()
    await walk.send()
    system.kafka.pause()
    reply = await walk.chert.reply(walk.run.chert.tenant_slug, walk.contact.phone, "Hello? Hello!")
    system.kill("webhooks")
    system.kafka.resume()

    system.start("webhooks")

    await walk.reply_on_timeline(reply)
    assert 1 == await copies(walk, reply.text)
