"""The harness's own settings, read from `HARNESS_*` environment variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from harness.errors import HarnessError


class BackendKind(StrEnum):
    """Which Kafka and which database."""

    EMBEDDED = "embedded"
    DOCKER = "docker"
    EXISTING = "existing"


@dataclass(frozen=True, kw_only=True)
class HarnessSettings:
    """What people may choose; everything has a default.

    Attributes:
        backend: which Kafka and database.
        kafka_bootstrap: `host:port` of an existing Kafka.
        mongo_url: address of an existing database.
        gateway_port: where the system that people run is reached.
        folder: where that system keeps data, logs and `run.json`; the checkout's `.local` unless given.
    """

    backend: BackendKind = BackendKind.EMBEDDED
    kafka_bootstrap: str | None = None
    mongo_url: str | None = None
    gateway_port: int = 8080
    folder: Path | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings that these variables name.

        Raises:
            HarnessError: a value is none of those allowed.
        """
        return cls(
            backend=_backend(environment.get("HARNESS_BACKEND", BackendKind.EMBEDDED)),
            kafka_bootstrap=environment.get("HARNESS_KAFKA_BOOTSTRAP"),
            mongo_url=environment.get("HARNESS_MONGO_URL"),
            gateway_port=_port(environment.get("HARNESS_GATEWAY_PORT", "8080")),
            folder=Path(environment["HARNESS_FOLDER"]) if environment.get("HARNESS_FOLDER") else None,
        )


def _backend(value: str) -> BackendKind:
    try:
        return BackendKind(value)
    except ValueError:
        choices = ", ".join(BackendKind)
        raise HarnessError(f"HARNESS_BACKEND={value} is unknown; choose one of: {choices}.") from None


def _port(value: str) -> int:
    if not value.isascii() or not value.isdecimal() or not 0 < int(value) < 65536:  # noqa: PLR2004 - the range of TCP ports
        raise HarnessError(f"HARNESS_GATEWAY_PORT={value} is no port; give a number from 1 to 65535.")
    return int(value)
