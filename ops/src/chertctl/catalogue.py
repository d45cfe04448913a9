"""The topic catalogue, `deploy/topics.yaml`, as models."""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from contracts.topics import dead_letter_topic

_DAY_MS = 24 * 60 * 60 * 1000


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Defaults(_Strict):
    """What a topic has unless it says otherwise."""

    partitions: int = Field(ge=1)
    replication_factor: int = Field(ge=1)
    min_insync_replicas: int = Field(ge=1)
    retention_days: int = Field(ge=1, le=14)
    max_message_bytes: int = Field(ge=1)
    cleanup_policy: Literal["delete", "compact"]


class DeadLetters(_Strict):
    """What dead-letter topics have."""

    retention_days: int = Field(ge=1, le=14)
    max_message_bytes: int = Field(ge=1)


class Entry(_Strict):
    """One declared topic."""

    key: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    cleanup_policy: Literal["delete", "compact"] | None = None
    partitions: int | None = Field(default=None, ge=1)


class Topic(_Strict):
    """One topic as a cluster should have it.

    Attributes:
        name: its name.
        partitions: how many.
        replication_factor: how many copies.
        config: topic configuration, by Kafka's own names.
    """

    name: str
    partitions: int
    replication_factor: int
    config: dict[str, str]


class Catalogue(_Strict):
    """The whole file."""

    defaults: Defaults
    dead_letters: DeadLetters
    topics: dict[str, Entry]

    def wanted(self, brokers: int) -> list[Topic]:
        """Every topic, dead-letter topics included, for a cluster of that many brokers.

        A cluster smaller than the catalogue's replication gets as many copies as it has brokers.
        """
        replication = min(self.defaults.replication_factor, brokers)
        insync = min(self.defaults.min_insync_replicas, replication)
        return [
            topic
            for name, entry in self.topics.items()
            for topic in (
                self._topic(name, entry, replication, insync),
                *(self._dead_letters(name, group, entry, replication, insync) for group in entry.consumers),
            )
        ]

    def _topic(self, name: str, entry: Entry, replication: int, insync: int) -> Topic:
        policy = entry.cleanup_policy or self.defaults.cleanup_policy
        config = {
            "cleanup.policy": policy,
            "max.message.bytes": str(self.defaults.max_message_bytes),
            "min.insync.replicas": str(insync),
        }
        if policy == "delete":
            config["retention.ms"] = str(self.defaults.retention_days * _DAY_MS)
        return self._made(name, entry, replication, config)

    def _dead_letters(self, name: str, group: str, entry: Entry, replication: int, insync: int) -> Topic:
        config = {
            "cleanup.policy": "delete",
            "max.message.bytes": str(self.dead_letters.max_message_bytes),
            "min.insync.replicas": str(insync),
            "retention.ms": str(self.dead_letters.retention_days * _DAY_MS),
        }
        return self._made(dead_letter_topic(name, group), entry, replication, config)

    def _made(self, name: str, entry: Entry, replication: int, config: dict[str, str]) -> Topic:
        partitions = entry.partitions or self.defaults.partitions
        return Topic(name=name, partitions=partitions, replication_factor=replication, config=config)


def read(path: Path) -> Catalogue:
    """Read the file.

    Raises:
        OSError: it is not there.
        yaml.YAMLError: it is not YAML.
        pydantic.ValidationError: it is not a catalogue.
    """
    return Catalogue.model_validate(yaml.safe_load(path.read_text()))
