"""What the embedded broker promises, and servers that exist already."""

import asyncio
import subprocess
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from rich.console import Console

from harness import backends, ports
from harness.backends import Broker, Database, embedded, existing
from harness.errors import HarnessError, NotSupportedError, StartFailedError
from harness.processes import Supervisor
from harness.settings import BackendKind, HarnessSettings
from harness.topics import TopicFactory

pytestmark = pytest.mark.integration


async def test_acknowledged_records_survive_a_kill(kafka: Broker, topic: TopicFactory) -> None:
    """Killed and started again at the same address, the broker still has every record it acknowledged."""
    name = await topic(partitions=1)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")
    await producer.start()
    try:
        for number in range(100):
            await producer.send_and_wait(name, str(number).encode())
        await asyncio.to_thread(kafka.kill)
        await asyncio.to_thread(kafka.restart)
        await producer.send_and_wait(name, b"after")
    finally:
        await producer.stop()

    assert [*(str(number).encode() for number in range(100)), b"after"] == await read(kafka.bootstrap, name, 101)


def test_kafkas_classes_were_laid_down() -> None:
    """What was prepared for quick starts is there, and is what a JVM loads Kafka's classes from."""
    java = embedded.prepare(Console(stderr=True))
    program, *arguments = java.kafka("kafka.tools.StorageTool", "random-uuid", heap_mib=64)
    told = subprocess.run((program, "-Xlog:class+load", *arguments), capture_output=True, text=True, check=True).stdout

    laid_down = [line for line in told.splitlines() if line.endswith("source: shared objects file (top)")]
    assert java.kafka_classes.exists()
    assert any("org.apache.kafka." in line for line in laid_down)


def test_a_brokers_data_folder_is_a_copy_of_one_that_was_made_before(tmp_path: Path) -> None:
    """No JVM has to run before Kafka's own, unless the broker is told something special."""
    java = embedded.prepare(Console(stderr=True))
    with Supervisor() as supervisor:
        data = embedded.EmbeddedBroker(supervisor, java, tmp_path).format()

    made = java.kafka_data / "meta.properties"
    assert made.read_text() == (data / "meta.properties").read_text()
    assert "cluster.id=" in made.read_text()


def test_what_records_need_is_laid_down_too() -> None:
    """Classes that a broker loads only when records come, compressed ones too, are among those that were laid down."""
    classes = embedded.prepare(Console(stderr=True)).kafka_classes.read_bytes()

    assert b"ProducerAppendInfo" in classes
    assert b"Lz4BlockInputStream" in classes


async def test_a_frozen_broker_goes_on_where_it_was(kafka: Broker, topic: TopicFactory) -> None:
    """While the broker is frozen nothing is acknowledged; woken, it acknowledges what waited."""
    name = await topic(partitions=1)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")
    await producer.start()
    try:
        await producer.send_and_wait(name, b"before")
        kafka.pause()
        waiting = await producer.send(name, b"during")
        kafka.resume()
        await waiting
    finally:
        await producer.stop()

    assert [b"before", b"during"] == await read(kafka.bootstrap, name, 2)


def test_existing_servers_are_used_as_they_are(kafka_bootstrap: str, mongo_url: str) -> None:
    """Given addresses are checked when started, and never harmed or stopped."""
    settings = HarnessSettings(backend=BackendKind.EXISTING, kafka_bootstrap=kafka_bootstrap, mongo_url=mongo_url)
    servers = existing.backends(settings)
    for server in (servers.kafka, servers.database):
        server.start()
        server.stop()
        with pytest.raises(NotSupportedError):
            server.kill()

    assert (kafka_bootstrap, mongo_url) == (servers.kafka.bootstrap, servers.database.url)


def test_an_existing_server_that_does_not_answer_is_named() -> None:
    """A wrong address is said at once, with the setting it came from."""
    nobody = f"127.0.0.1:{ports.free_port()}"
    settings = HarnessSettings(backend=BackendKind.EXISTING, kafka_bootstrap=nobody, mongo_url=f"mongodb://{nobody}/")
    servers = existing.backends(settings)

    with pytest.raises(StartFailedError, match="HARNESS_MONGO_URL"):
        servers.database.start()
    with pytest.raises(StartFailedError, match="HARNESS_KAFKA_BOOTSTRAP"):
        servers.kafka.start()


def test_existing_servers_need_addresses() -> None:
    """Without addresses the two settings that are missing are named."""
    with pytest.raises(HarnessError, match="HARNESS_KAFKA_BOOTSTRAP and HARNESS_MONGO_URL"):
        existing.backends(HarnessSettings(backend=BackendKind.EXISTING))


def test_reports_can_tell_which_servers_were_used(kafka: Broker, database: Database) -> None:
    """The versions of the embedded servers are those that were fetched."""
    assert ("Apache Kafka 4.4.0", "mongo-java-server 1.47.0") == backends.versions(HarnessSettings())


async def read(bootstrap: str, topic: str, count: int) -> list[bytes]:
    """The first values of a topic with one partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()
