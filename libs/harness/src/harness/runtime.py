"""The jars and classes of the embedded servers: fetched and compiled once, then used as they are."""

import hashlib
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from harness import paths, prerequisites
from harness.errors import HarnessError
from harness.locks import alone
from harness.progress import doing

_MAVEN_SECONDS = 600
_LOG_TAIL_CHARACTERS = 2_000

_CLASSES = b"of a broker that has worked"
"""Which classes are laid down; another text lays them down anew."""


@dataclass(frozen=True)
class JavaRuntime:
    """How to run the embedded servers' Java programs."""

    folder: Path

    @property
    def broker_settings(self) -> Path:
        """The template of the broker's settings."""
        return self.folder / "server.properties"

    @property
    def kafka_classes(self) -> Path:
        """Kafka's classes, loaded and verified, as a JVM lays them down for the next one (JEP 350)."""
        return self.folder / "target" / "kafka.jsa"

    @property
    def kafka_data(self) -> Path:
        """A data folder as a broker finds it at its first start; where nothing special is told, one is like another."""
        return self.folder / "target" / "kafka-data"

    def kafka(self, main_class: str, *arguments: str, heap_mib: int, options: Sequence[str] = ()) -> tuple[str, ...]:
        """The command line of one of Kafka's programs with so much heap.

        With its classes laid down it starts in half the time. A JVM that cannot use them, such as one of another
        version, goes on without; folders on the class path would forbid them.
        """
        if not options and self.kafka_classes.exists():
            options = (f"-XX:SharedArchiveFile={self.kafka_classes}",)
        return self._java(self._jars, options, heap_mib, (main_class, *arguments))

    def database(self, *arguments: str, heap_mib: int) -> tuple[str, ...]:
        """The command line of the database server with so much heap."""
        classes = f"{self.folder / 'target' / 'classes'}:{self._jars}"
        return self._java(classes, (), heap_mib, ("local.DurableDatabase", *arguments))

    @property
    def _jars(self) -> str:
        return f"{self.folder / 'target' / 'lib'}/*"

    def _java(self, classes: str, options: Sequence[str], heap_mib: int, program: Sequence[str]) -> tuple[str, ...]:
        """The serial collector and the first compiler alone suit small, short-lived servers: less memory, quicker."""
        return (
            "java",
            f"-Xmx{heap_mib}m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            *options,
            f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}",
            "-cp",
            classes,
            *program,
        )


def prepare(console: Console, lay_down: Callable[[JavaRuntime], None]) -> JavaRuntime:
    """The embedded servers, ready to run; the first time they are fetched and compiled, and classes laid down.

    Raises:
        PrerequisiteMissingError: there is no JDK or no Maven.
        HarnessError: Maven failed; the text carries the end of its output.
    """
    prerequisites.ensure(console, root=os.geteuid() == 0)
    folder = paths.embedded_runtime()
    wanted = _fingerprint(folder)
    stamp = folder / "target" / "prepared"
    if _read(stamp) == wanted:
        return JavaRuntime(folder)
    with alone(folder / "target"):
        if _read(stamp) != wanted:
            _build(folder, console)
            with doing(console, "Preparing Kafka for quick starts, the first time only"):
                lay_down(JavaRuntime(folder))
            stamp.write_text(wanted)
    return JavaRuntime(folder)


def version(artifact: str) -> str:
    """The version of one of the fetched jars; empty before anything was fetched."""
    jars = (paths.embedded_runtime() / "target" / "lib").glob(f"{artifact}-*.jar")
    return next((jar.stem.removeprefix(f"{artifact}-") for jar in jars), "")


def _fingerprint(folder: Path) -> str:
    """Tells one state of the sources from another."""
    digest = hashlib.sha256(_CLASSES)
    for source in sorted([folder / "pom.xml", folder / "server.properties", *(folder / "src").rglob("*.java")]):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _read(stamp: Path) -> str | None:
    return stamp.read_text() if stamp.is_file() else None


def _build(folder: Path, console: Console) -> None:
    with doing(console, "Fetching Apache Kafka and the database server, the first time only"):
        done = subprocess.run(
            ("mvn", "--quiet", "--batch-mode", "--file", str(folder / "pom.xml"), "compile"),
            env=os.environ,
            capture_output=True,
            text=True,
            timeout=_MAVEN_SECONDS,
            check=False,
        )
    if done.returncode:
        raise HarnessError(f"Maven could not prepare the embedded servers:\n{done.stdout[-_LOG_TAIL_CHARACTERS:]}")
