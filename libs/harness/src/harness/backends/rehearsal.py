"""What a broker is asked to do before its classes are laid down, so that they are all there when it matters.

A class that is first loaded while a record waits for it makes that record wait: on a busy machine the first records and
the first compressed ones took half a second together.
"""

import asyncio
import threading

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from harness.topics import create_topic

_TOPIC = "rehearsal"
_CODECS = (None, "lz4", "snappy")


def rehearse(bootstrap: str) -> None:
    """Have records taken and given out, in a thread, as loops do not nest."""
    thread = threading.Thread(target=lambda: asyncio.run(_rehearse(bootstrap)))
    thread.start()
    thread.join()


async def _rehearse(bootstrap: str) -> None:
    await create_topic(bootstrap, _TOPIC, partitions=1)
    for codec in _CODECS:
        async with AIOKafkaProducer(
            bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, compression_type=codec
        ) as producer:
            await producer.send_and_wait(_TOPIC, b"a record " * 100, key=b"1", headers=[("a", b"b")])
    async with AIOKafkaConsumer(
        _TOPIC, bootstrap_servers=bootstrap, group_id=_TOPIC, auto_offset_reset="earliest", enable_auto_commit=False
    ) as consumer:
        for _ in _CODECS:
            await consumer.getone()
        await consumer.commit()
