"""The audit's journal in Kafka: the topic `ops.audited`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from chertctl.access import client_of
from chertctl.outcomes import AwayError
from chertctl.settings import Settings
from contracts.audits import OpsAudited
from contracts.envelope import Event

PUBLISH_SECONDS: Final = 10.0
"""The longest the broker may take to make an audit durable."""


class KafkaJournal:
    """The topic `ops.audited`."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def write(self, event: Event[OpsAudited]) -> None:
        """Return once every in-sync replica has it.

        Raises:
            AwayError: that could not be learned in time.
        """
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await self._producer.send_and_wait(
                    event.topic, key=event.key(), value=event.value(), headers=event.headers()
                )
        except (TimeoutError, KafkaError) as error:
            raise AwayError(
                f"The audit cannot be written ({type(error).__name__}); without it nothing is done. Is Kafka up, "
                "and does the topic ops.audited exist (chertctl topics create)?"
            ) from None


@asynccontextmanager
async def journal(settings: Settings) -> AsyncIterator[KafkaJournal]:
    """The audit topic, for as long as a verb runs.

    Raises:
        AwayError: no broker answers.
    """
    producer = AIOKafkaProducer(
        acks="all",
        enable_idempotence=True,
        request_timeout_ms=int(PUBLISH_SECONDS * 1000),
        **client_of(settings.need("kafka_bootstrap")),
    )
    try:
        await producer.start()
    except KafkaError as error:
        await producer.stop()
        raise AwayError(
            f"Kafka does not answer ({type(error).__name__}). Is the address right, and is it up?"
        ) from None
    try:
        yield KafkaJournal(producer)
    finally:
        await producer.stop()
