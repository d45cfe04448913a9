"""Apache Kafka and MongoDB as containers, by testcontainers, on ports that stay the same over a restart."""

from collections.abc import Callable, Mapping

from testcontainers.core.container import DockerContainer

from harness.backends import probes
from harness.backends.servers import Backends
from harness.ports import LOOPBACK, free_port
from harness.waiting import wait_for

KAFKA_IMAGE = "apache/kafka:4.4.0"
MONGO_IMAGE = "mongo:8.0"

# Pulling the images is part of the first start.
START_SECONDS = 300.0


class _Container:
    """One container that can be harmed and started again."""

    def __init__(
        self, image: str, ports: tuple[int, int], environment: Mapping[str, str], serves: Callable[[], bool]
    ) -> None:
        inside, outside = ports
        self._container = DockerContainer(image).with_bind_ports(inside, outside).with_envs(**environment)
        self._serves = serves

    def start(self) -> None:
        """Start it and wait until it serves."""
        self._container.start()
        self._wait()

    def stop(self) -> None:
        """Stop and remove it."""
        self._container.stop()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._container.get_wrapped_container().kill()

    def pause(self) -> None:
        """Freeze it."""
        self._container.get_wrapped_container().pause()

    def resume(self) -> None:
        """Let it go on."""
        self._container.get_wrapped_container().unpause()

    def restart(self) -> None:
        """Start it again at the same address with the same data."""
        self._container.get_wrapped_container().restart()
        self._wait()

    def _wait(self) -> None:
        wait_for(self._serves, what=self._container.image, seconds=START_SECONDS)


class DockerBroker(_Container):
    """One Kafka node in a container."""

    def __init__(self) -> None:
        """A broker on a free port; not started yet."""
        port = free_port()
        self.bootstrap = f"{LOOPBACK}:{port}"
        super().__init__(
            KAFKA_IMAGE, (port, port), broker_environment(port), lambda: probes.broker_serves(self.bootstrap)
        )


class DockerDatabase(_Container):
    """MongoDB in a container."""

    def __init__(self) -> None:
        """A database on a free port; not started yet."""
        port = free_port()
        self.url = f"mongodb://{LOOPBACK}:{port}/"
        super().__init__(MONGO_IMAGE, (27017, port), {}, lambda: probes.database_serves(self.url))


def broker_environment(port: int) -> dict[str, str]:
    """The image's settings for one node that tells clients to come back to this port of the host."""
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENERS": f"PLAINTEXT://:{port},CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{LOOPBACK}:{port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    }


def backends() -> Backends:
    """Both servers; not started yet. Starting needs a Docker engine that answers."""
    return Backends(kafka=DockerBroker(), database=DockerDatabase())
