"""The real Apache Kafka and a MongoDB-compatible server, as child processes on free ports."""

import base64
import os
import shutil
import string
import subprocess
import tempfile
import uuid
from pathlib import Path

from rich.console import Console

from harness import runtime
from harness.backends import probes
from harness.backends.rehearsal import rehearse
from harness.backends.servers import Backends
from harness.errors import StartFailedError
from harness.ports import LOOPBACK, answers, free_port
from harness.processes import Command, Process, Supervisor
from harness.runtime import JavaRuntime

START_SECONDS = 60.0

_BROKER_HEAP_MIB = 512
_DATABASE_HEAP_MIB = 256


class _EmbeddedServer:
    """What the two have in common: one child process that can be harmed and started again."""

    def __init__(self, supervisor: Supervisor, runtime: JavaRuntime, folder: Path) -> None:
        self._supervisor = supervisor
        self._runtime = runtime
        self._folder = folder
        self._process: Process | None = None

    @property
    def process(self) -> Process | None:
        """The child process; None before the first start."""
        return self._process

    def stop(self) -> None:
        """Stop it gracefully."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()

    def pause(self) -> None:
        """Freeze it."""
        if self._process is not None:
            self._process.pause()

    def resume(self) -> None:
        """Let it go on."""
        if self._process is not None:
            self._process.resume()

    def launch(self, name: str, arguments: tuple[str, ...]) -> Process:
        """Start the child without waiting until it serves."""
        self._process = self._supervisor.start(
            Command(
                name=name, arguments=arguments, log=self._folder / "logs" / f"{name}.log", environment=dict(os.environ)
            )
        )
        return self._process


class EmbeddedBroker(_EmbeddedServer):
    """One Kafka node, broker and controller in one.

    Attributes:
        format_options: for `kafka-storage format` besides, such as users that log in by SCRAM.
        jvm_options: for the broker's own process besides.
    """

    format_options: tuple[str, ...] = ()
    jvm_options: tuple[str, ...] = ()

    def __init__(self, supervisor: Supervisor, runtime: JavaRuntime, folder: Path) -> None:
        """A broker that keeps its data below this folder; not started yet."""
        super().__init__(supervisor, runtime, folder)
        self._port = free_port()
        self._settings = folder / "kafka" / "server.properties"

    @property
    def bootstrap(self) -> str:
        """`host:port` to give to clients."""
        return f"{LOOPBACK}:{self._port}"

    def start(self) -> None:
        """Start it and wait until it serves.

        Raises:
            StartFailedError: it did not; the text carries the end of its log.
        """
        self.format()
        process = self.launch(
            "kafka",
            self._runtime.kafka(
                "kafka.Kafka", str(self._settings), heap_mib=_BROKER_HEAP_MIB, options=self.jvm_options
            ),
        )
        process.wait_ready(lambda: answers(self._port) and probes.broker_serves(self.bootstrap), seconds=START_SECONDS)

    def restart(self) -> None:
        """Start it again at the same address with the same data."""
        self.stop()
        self.start()

    def format(self) -> Path:
        """Its data folder, made unless it is there.

        Where the broker is told nothing special, it is a copy of one that was made before: Kafka's own tool takes a JVM
        and a second.

        Raises:
            StartFailedError: it could not be made; the text says why.
        """
        data = self._settings.parent / "data"
        if not self._settings.exists():
            self._write_settings(data)
            if self.format_options or not self._runtime.kafka_data.exists():
                self._make_data()
            else:
                shutil.copytree(self._runtime.kafka_data, data)
        return data

    def _write_settings(self, data: Path) -> None:
        template = string.Template(self._runtime.broker_settings.read_text())
        self._settings.parent.mkdir(parents=True, exist_ok=True)
        self._settings.write_text(
            template.substitute(host=LOOPBACK, port=self._port, controller_port=free_port(), data=data)
        )

    def _make_data(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # One id in 64 begins with a dash: behind a blank the tool would take it for an option.
        arguments = ("format", f"--cluster-id={cluster}", "--config", str(self._settings), *self.format_options)
        done = subprocess.run(
            self._runtime.kafka("kafka.tools.StorageTool", *arguments, heap_mib=_DATABASE_HEAP_MIB),
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
        if done.returncode:
            raise StartFailedError(f"Kafka's data folder could not be made:\n{done.stdout}{done.stderr}")


class EmbeddedDatabase(_EmbeddedServer):
    """The MongoDB-compatible server on one file."""

    def __init__(self, supervisor: Supervisor, runtime: JavaRuntime, folder: Path) -> None:
        """A database that keeps its file below this folder; not started yet."""
        super().__init__(supervisor, runtime, folder)
        self._port = free_port()
        self._file = folder / "database" / "data.mv"

    @property
    def url(self) -> str:
        """`mongodb://…/` to give to clients."""
        return f"mongodb://{LOOPBACK}:{self._port}/"

    def start(self) -> None:
        """Start it and wait until it serves.

        Raises:
            StartFailedError: it did not; the text carries the end of its log.
        """
        self._file.parent.mkdir(parents=True, exist_ok=True)
        arguments = (LOOPBACK, str(self._port), str(self._file))
        process = self.launch("database", self._runtime.database(*arguments, heap_mib=_DATABASE_HEAP_MIB))
        process.wait_ready(lambda: answers(self._port) and probes.database_serves(self.url), seconds=START_SECONDS)

    def fill_disk(self) -> None:
        """Let its file grow no more: the disk is full until it is started again."""
        if self.process is not None:
            self.process.limit_files(self._file.stat().st_size)

    def restart(self) -> None:
        """Start it again at the same address with the same data."""
        self.stop()
        self.start()


def backends(supervisor: Supervisor, runtime: JavaRuntime, folder: Path) -> Backends:
    """Both servers, with their data and logs below this folder; not started yet."""
    return Backends(
        kafka=EmbeddedBroker(supervisor, runtime, folder), database=EmbeddedDatabase(supervisor, runtime, folder)
    )


def prepare(console: Console) -> JavaRuntime:
    """What both servers run with; the first time it is fetched, compiled and made quick.

    Raises:
        HarnessError: it cannot be had; the text says why.
    """
    return runtime.prepare(console, _lay_down_classes)


def _lay_down_classes(java: JavaRuntime) -> None:
    """Keep a data folder as it is made; let a broker start, work and end on it whose JVM writes down what it loaded."""
    fresh = java.kafka_classes.with_suffix(".new")
    java.kafka_classes.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder, Supervisor() as supervisor:
        broker = EmbeddedBroker(supervisor, java, Path(folder))
        broker.jvm_options = (f"-XX:ArchiveClassesAtExit={fresh}",)
        shutil.rmtree(java.kafka_data, ignore_errors=True)
        shutil.copytree(broker.format(), java.kafka_data)
        broker.start()
        rehearse(broker.bootstrap)
        if broker.process is not None:
            broker.process.stop(grace_seconds=START_SECONDS)
    if _can_be_used(java, fresh):  # one that was cut off would end every JVM that took it
        fresh.rename(java.kafka_classes)


def _can_be_used(java: JavaRuntime, classes: Path) -> bool:
    """Whether a JVM starts that may not go on without these."""
    options = ("-Xshare:on", f"-XX:SharedArchiveFile={classes}")
    trial = java.kafka("kafka.tools.StorageTool", "random-uuid", heap_mib=_DATABASE_HEAP_MIB, options=options)
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(trial, capture_output=True, cwd=folder, timeout=START_SECONDS, check=False)
    return done.returncode == 0
