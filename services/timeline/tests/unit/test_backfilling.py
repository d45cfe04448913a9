"""Replies from before there were refs."""

from typing import Any

from chassis.backfilling import Backfill, InMemoryPlaces
from timeline.adapters.in_memory import InMemoryStores
from timeline.handlers.backfilling import NAME


async def test_replies_from_before_are_found_by_every_id(
    start: Any, bring: Any, reply: Any, memory: InMemoryStores
) -> None:
    """Event, number and conversation lead to a reply for which no release had written refs."""
    process = start()
    await bring(process, reply("m1"))
    kept = await memory.refs.find(["event:chert:msg:m1", "chat:chat-1"])
    assert kept
    memory.refs.refs.clear()
    backfill = Backfill(NAME, process.refs_backfill.page, InMemoryPlaces())

    await backfill.step()
    await backfill.step()

    assert kept == await memory.refs.find(["event:chert:msg:m1", "chat:chat-1"])
