"""One account's flood of workflow calls, and its own card meanwhile."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from harness.card import Card, CardAnswer
from harness.waiting import eventually
from harness.walk import Walk

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SECONDS = 60.0
PLACES = 20
"""Executions of one account that are under way at once; as many of its flood are at Chert."""
FLOOD = 60


@asynccontextmanager
async def flood(walk: Walk) -> AsyncIterator[None]:
    """Executions by the dozen, all places of which wait for a Chert that does not answer."""
    contact, text = walk.contact, f"Flood {secrets.token_hex(4)}"
    await walk.chert.fault(method="POST", path_prefix="/api/v1/send", kind="hold", count=PLACES)
    running = [
        asyncio.create_task(walk.hubspot.run_workflow(walk.portal.portal_id, contact.id, f"{text} {number}"))
        for number in range(FLOOD)
    ]
    try:
        await eventually(lambda: is_full(walk), what="every place to be taken", seconds=SECONDS)
        yield
    finally:
        await walk.chert.let_go()
        await asyncio.gather(*running)


async def is_full(walk: Walk) -> bool:
    """Whether Chert keeps as many calls waiting as an account has places."""
    return await walk.chert.held() == PLACES


async def test_a_flood_of_workflow_calls_leaves_the_card_alone(walk: Walk) -> None:
    """While every place of the account's workflows waits for Chert, its rep opens the card and sends; nothing waits."""
    await walk.connect()
    answers: list[CardAnswer] = []

    async with Card(walk.run, walk.portal.portal_id) as card:

        async def opened_and_sent() -> bool:
            async with flood(walk):
                answers[:] = [
                    await card.context(walk.contact.id),
                    await card.send(walk.contact.id, "In between", secrets.token_hex(8)),
                ]
                return await is_full(walk)  # else a call ran into its deadline, and the card may have had its place

        await eventually(opened_and_sent, what="the card to be served during a flood", seconds=SECONDS)

    assert [(200, True)] * 2 == [(answer.status, answer.body["ok"]) for answer in answers]
    assert "In between" in [one.body for one in await walk.chert.sent(walk.run.chert.tenant_slug)]
