"""Kafka and the database: embedded, in Docker, or servers that exist already; one setting chooses."""

from pathlib import Path

from rich.console import Console

from harness import runtime
from harness.backends import embedded, existing
from harness.backends.servers import Backends, Broker, Database
from harness.processes import Supervisor
from harness.settings import BackendKind, HarnessSettings

__all__ = ["Backends", "Broker", "Database", "choose", "prepare", "versions"]


def prepare(settings: HarnessSettings, console: Console) -> None:
    """Do now what the first run alone has to do, such as fetching programs.

    Raises:
        HarnessError: it failed; the text says why and what to do.
    """
    if settings.backend is BackendKind.EMBEDDED:
        embedded.prepare(console)


def choose(settings: HarnessSettings, supervisor: Supervisor, folder: Path, console: Console) -> Backends:
    """The chosen servers, not started yet, with their data and logs below this folder.

    Raises:
        HarnessError: they cannot be had; the text says why and what to do.
    """
    match settings.backend:
        case BackendKind.EMBEDDED:
            return embedded.backends(supervisor, embedded.prepare(console), folder)
        case BackendKind.DOCKER:
            from harness.backends import docker  # noqa: PLC0415 - testcontainers takes a second to import

            return docker.backends()
        case BackendKind.EXISTING:
            return existing.backends(settings)


def versions(settings: HarnessSettings) -> tuple[str, str]:
    """What Kafka and what database were chosen, for reports."""
    match settings.backend:
        case BackendKind.EMBEDDED:
            return (
                f"Apache Kafka {runtime.version('kafka_2.13')}",
                f"mongo-java-server {runtime.version('mongo-java-server-core')}",
            )
        case BackendKind.DOCKER:
            from harness.backends import docker  # noqa: PLC0415 - as above

            return (docker.KAFKA_IMAGE, docker.MONGO_IMAGE)
        case BackendKind.EXISTING:
            return ("existing", "existing")
