"""The least that reads a topic and does something durable with it: copy each record to another topic."""

import asyncio
import time
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition


async def copy(bootstrap: str, partitions: Sequence[TopicPartition], target: str) -> float:
    """Copy everything that these partitions hold; records a second."""
    async with (
        AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer,
        AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=5) as producer,
    ):
        consumer.assign(list(partitions))
        await consumer.seek_to_beginning(*partitions)
        left = sum((await consumer.end_offsets(list(partitions))).values())
        total, began = left, time.perf_counter()
        while left:
            records = [one for found in (await consumer.getmany(timeout_ms=500)).values() for one in found]
            sent = [await producer.send(target, one.value, key=one.key, headers=list(one.headers)) for one in records]
            await asyncio.gather(*sent)
            left -= len(records)
        return total / (time.perf_counter() - began)
