"""A service of your own on these topics: it counts the replies of each account.

Start it with `KAFKA_BOOTSTRAP=localhost:9092 python docs/examples/count_replies.py`.
"""

import asyncio
import logging
import os
from collections import Counter

from aiokafka import ConsumerRecord
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from contracts.envelope import ContractError, Event, decode
from contracts.messages import ReplyRecorded
from contracts.topics import REPLY_RECORDED

LOG = logging.getLogger("count_replies")


class Replies:
    """Counts replies once each: the same fact told again has the same event id."""

    def __init__(self) -> None:
        self.of_account: Counter[int] = Counter()
        self._known: set[str] = set()  # a real service keeps these beside its effect, in its database

    def note(self, event: Event[ReplyRecorded]) -> None:
        """Count a reply that was not counted yet."""
        if event.id not in self._known:
            self._known.add(event.id)
            self.of_account[event.data.portal_id] += 1


def build(bootstrap: str, replies: Replies, group: str = "count-replies") -> KafkaBroker:
    """The subscriptions; `group` is yours alone, so that nobody shares your offsets."""
    broker = KafkaBroker(bootstrap.split(","), logger=None)

    @broker.subscriber(
        REPLY_RECORDED.name,
        group_id=group,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,  # what failed comes again; nothing is committed past it
    )
    async def on_reply_recorded(_: bytes, message: KafkaMessage) -> None:
        record = message.raw_message
        assert isinstance(record, ConsumerRecord)  # one record, for the subscriber is no batch subscriber
        try:
            event = decode(REPLY_RECORDED, record.headers, record.value or b"")
        except ContractError as error:  # it never will be right; a newer version raises something else and comes again
            LOG.warning("record %s:%s is broken: %s", record.partition, record.offset, error.reason)
            return
        replies.note(event)

    return broker


async def main() -> None:
    """Run until stopped."""
    async with build(os.environ["KAFKA_BOOTSTRAP"], Replies()) as broker:
        await broker.start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
