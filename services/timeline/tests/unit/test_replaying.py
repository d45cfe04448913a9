"""What a replay finds of received messages, before anything is done."""

from datetime import timedelta
from typing import Any

from chassis.clock import ManualClock
from contracts.replays import LogReplay, ReplayAnswer
from timeline.adapters.in_memory import InMemoryStores
from timeline.handlers.replaying import NOTHING_KEPT, TOO_OLD, LookAtReceived, replay_page
from timeline.models import LogPage, Placed, Received


async def test_each_message_is_judged_by_its_key(memory: InMemoryStores, reply: Any, clock: ManualClock) -> None:
    """Known ones are done, one told twice is done after the first, and the rest are new."""
    look = LookAtReceived(memory.stores.inbox, clock)
    await memory.stores.inbox.add([Placed(Received(reply("m1").data))], clock.now())

    assert ["already", None, "already"] == list(await look([reply("m1"), reply("m2"), reply("m2")], False))


async def test_what_is_older_than_every_key_is_never_written(
    memory: InMemoryStores, reply: Any, clock: ManualClock
) -> None:
    """From before the oldest key nobody can tell what was done; a dead letter was not, however old it is."""
    look = LookAtReceived(memory.stores.inbox, clock)
    old = reply("m0", received_at=clock.now() - timedelta(days=1))
    empty = list(await look([old], False))
    await memory.stores.inbox.add([Placed(Received(reply("m1").data))], clock.now())

    assert [NOTHING_KEPT] == empty
    assert [TOO_OLD] == list(await look([old], False))
    assert [None] == list(await look([old], True))


async def test_a_page_of_the_event_log_has_the_ids_of_deliveries(reply: Any, clock: ManualClock) -> None:
    """A message out of Chert's log is the event that its delivery would have been, so it counts once."""
    told: list[Any] = []

    class Log:
        """One page."""

        async def page(self, *_: Any) -> LogPage:
            """That page."""
            return LogPage([reply("m1").data], "next", clock.now())

    async def replay(events: Any, *, dry_run: bool) -> ReplayAnswer:
        told.extend(events)
        return ReplayAnswer(written=len(events))

    question = LogReplay(chert_tenant="acme", since=clock.now())
    answer = await replay_page(question, log=Log(), replay=replay)

    assert ["message.received:acme:m1"] == [event.id for event in told]
    assert (1, "next", clock.now()) == (answer.written, answer.next_cursor, answer.reached)
