"""Somebody at `chertctl`, for tests, benchmarks and fault runs: the command as a process of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from harness.credentials import CHERTCTL
from harness.system import System

RUN_SECONDS: Final = 600.0
"""The longest that a command may take."""

_INHERITED: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")


class CommandFailedError(Exception):
    """A command ended with another exit code than was expected."""


@dataclass(frozen=True)
class Operator:
    """An operator of one system, with a state folder of their own."""

    environment: dict[str, str]
    folder: Path

    @classmethod
    def of(cls, system: System, name: str = "ana") -> Self:
        """Somebody who may do everything on this system."""
        folder = system.files.folder / f"operator-{name}"
        urls = {f"CHERTCTL_{service.upper()}_URL": system.url(service) for service in system.services}
        told = {
            "CHERTCTL_OPERATOR": name,
            "CHERTCTL_KAFKA_BOOTSTRAP": system.addresses.kafka_bootstrap,
            "CHERTCTL_HUBSPOT_API_URL": system.url("hubspot"),
            "CHERTCTL_CHERT_URL": system.url("chert"),
            "CHERTCTL_PUBLIC_BASE_URL": system.addresses.gateway_url,
            "CHERTCTL_SECRETS_FILE": str(system.files.secrets(CHERTCTL)),
            "XDG_STATE_HOME": str(folder),
        }
        inherited = {key: os.environ[key] for key in _INHERITED if key in os.environ}
        return cls({**inherited, **urls, **told}, folder)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin a command; the caller waits for it, or kills it."""
        return subprocess.Popen(
            (sys.executable, "-m", "chertctl", *arguments),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, *arguments: str, exit_code: int = 0) -> str:
        """Do a command and give what it printed.

        Raises:
            CommandFailedError: it ended with another exit code; the text carries what it said.
        """
        with self.start(*arguments) as process:
            try:
                printed, said = process.communicate(timeout=RUN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        if process.returncode != exit_code:
            raise CommandFailedError(
                f"chertctl {' '.join(arguments)} ended with {process.returncode}:\n{said}{printed}"
            )
        return said if exit_code else printed

    def ask(self, *arguments: str) -> Any:
        """The JSON document that a command answers with.

        Raises:
            CommandFailedError: it failed.
        """
        return json.loads(self.call(*arguments, "--json"))
