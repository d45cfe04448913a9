"""What every Kafka and every database offers here, wherever it runs."""

from dataclasses import dataclass
from typing import Protocol


class Server(Protocol):
    """A server that can be started and stopped, and harmed on purpose."""

    def start(self) -> None:
        """Start it and wait until it serves."""

    def stop(self) -> None:
        """Stop it gracefully; what it acknowledged stays."""

    def kill(self) -> None:
        """End it at once, as a crash would."""

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""

    def resume(self) -> None:
        """Let a frozen server go on."""

    def restart(self) -> None:
        """Start it again at the same address with the same data, after `kill` or `stop` or while it runs."""


class Broker(Server, Protocol):
    """A Kafka broker."""

    @property
    def bootstrap(self) -> str:
        """`host:port` to give to clients."""


class Database(Server, Protocol):
    """A MongoDB-compatible server."""

    @property
    def url(self) -> str:
        """`mongodb://…/` to give to clients."""


@dataclass(frozen=True)
class Backends:
    """The two servers that everything stands on; not started yet."""

    kafka: Broker
    database: Database
