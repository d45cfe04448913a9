"""What one test session shares: a Kafka and a database of its own, in a temporary folder, on free ports."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console

from harness import backends, prerequisites
from harness.addresses import SERVICES
from harness.backends import Backends, Broker, Database
from harness.ports import free_port
from harness.processes import Supervisor
from harness.settings import HarnessSettings
from harness.system import System
from harness.topics import TopicFactory


def prepare() -> None:
    """Fetch and compile what the chosen backends need, showing progress.

    Raises:
        HarnessError: it failed; the text says why and what to do.
    """
    backends.prepare(HarnessSettings.read(os.environ), Console(stderr=True))


def prepare_browser() -> str:
    """The path of Chromium, installed where that can be done.

    Raises:
        PrerequisiteMissingError: it is missing; the text says what to do.
    """
    return prerequisites.ensure_browser(Console(stderr=True), root=os.geteuid() == 0)


class TestSession:
    """The servers of one test session; each is started when it is first asked for."""

    __test__ = False

    def __init__(self, folder: Path) -> None:
        """Servers with their data and logs below this folder; none is started yet."""
        self._folder = folder
        self._supervisor = Supervisor()
        self._backends: Backends | None = None
        self._started: list[Broker | Database] = []
        self._systems = 0
        self._shared: System | None = None
        self._sharing = ExitStack()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop what was started."""
        self.stop_shared_system()
        self.stop_servers()
        self._supervisor.close()

    @property
    def folder(self) -> Path:
        """Where data and logs are."""
        return self._folder

    def kafka(self) -> Broker:
        """The session's Kafka, serving."""
        broker = self._chosen().kafka
        self._start_once(broker)
        return broker

    def database(self) -> Database:
        """The session's database, serving."""
        database = self._chosen().database
        self._start_once(database)
        return database

    def topics(self) -> TopicFactory:
        """Makes fresh topics on the session's Kafka."""
        return TopicFactory(self.kafka().bootstrap)

    @contextmanager
    def system(self, services: Sequence[str] = SERVICES) -> Iterator[System]:
        """A system of its own, with its own Kafka and database and all services or some, until the block ends."""
        self._systems += 1
        folder, settings = self._folder / f"system-{self._systems}", HarnessSettings.read(os.environ)
        quiet, port = Console(quiet=True), free_port()
        with (
            Supervisor() as supervisor,
            System(
                folder,
                settings=settings,
                console=quiet,
                supervisor=supervisor,
                gateway_port=port,
                services=services,
            ) as system,
        ):
            yield system

    def shared_system(self) -> System:
        """One system with all services for whoever asks, started for the first."""
        if self._shared is None:
            self._shared = self._sharing.enter_context(self.system())
        return self._shared

    def stop_shared_system(self) -> None:
        """Stop it, if it runs; whoever asks again gets a new one."""
        self._sharing.close()
        self._shared = None

    def stop_servers(self) -> None:
        """Stop the session's Kafka and database, if they run; whoever asks again finds them with what they had."""
        while self._started:
            self._started.pop().stop()

    def _chosen(self) -> Backends:
        if self._backends is None:
            settings = HarnessSettings.read(os.environ)
            self._backends = backends.choose(settings, self._supervisor, self._folder, Console(stderr=True))
        return self._backends

    def _start_once(self, server: Broker | Database) -> None:
        if server not in self._started:
            server.start()
            self._started.append(server)
