"""The `harness` command as people run it, in a folder of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness import ports
from harness.waiting import wait_for

COMMAND = Path(sys.executable).parent / "harness"

RUN_MEMBERS = {
    "gateway_url",
    "services",
    "hubspot_url",
    "chert_url",
    "kafka_bootstrap",
    "mongo_url",
    "hubspot_app",
    "public_base_url",
    "chert",
    "portals",
    "pids",
}
PROCESSES = {"kafka", "database", "hubspot", "chert", "oauth", "webhooks", "actions", "timeline", "gateway"}


class Checkout:
    """A folder in which the command runs the system, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = ports.free_port()
        self._environment = {**os.environ, "HARNESS_FOLDER": str(folder), "HARNESS_GATEWAY_PORT": str(self.port)}

    def run(self, verb: str) -> "subprocess.CompletedProcess[str]":
        """Run a verb to its end."""
        return subprocess.run(
            (COMMAND, verb), env=self._environment, capture_output=True, text=True, timeout=100, check=False
        )

    @contextmanager
    def up(self) -> Iterator["subprocess.Popen[bytes]"]:
        """Start the system and wait until it is ready; afterwards nothing of it is left."""
        with (self.folder / "up.log").open("wb") as log:
            supervisor = subprocess.Popen((COMMAND, "up"), env=self._environment, stdout=log, stderr=log)
        try:
            wait_for((self.folder / "run.json").exists, what="run.json", seconds=90)
            yield supervisor
        finally:
            supervisor.terminate()
            supervisor.wait(timeout=60)
            self.run("down")

    def described(self) -> dict[str, Any]:
        """What `run.json` says."""
        content: dict[str, Any] = json.loads((self.folder / "run.json").read_text())
        return content

    def processes(self) -> list[psutil.Process]:
        """The processes that `run.json` names."""
        return [psutil.Process(pid) for pid in self.described()["pids"].values()]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """An empty folder to run in."""
    return Checkout(tmp_path)


@pytest.mark.integration
def test_a_taken_port_is_said_in_one_sentence(checkout: Checkout) -> None:
    """Nothing is started when the gateway's port is taken, and the text names the setting."""
    with socket.create_server((ports.LOOPBACK, checkout.port)):
        done = checkout.run("up")

    assert 1 == done.returncode
    assert f"Port {checkout.port} is taken by another program" in done.stdout
    assert "HARNESS_GATEWAY_PORT" in done.stdout
    assert not (checkout.folder / "processes.json").exists()


@pytest.mark.integration
def test_nothing_to_stop_is_no_trouble(checkout: Checkout) -> None:
    """`down` where nothing runs says so and succeeds."""
    done = checkout.run("down")

    assert (0, "Nothing was running.\n") == (done.returncode, done.stdout)


@pytest.mark.integration
def test_an_unknown_run_lists_the_names() -> None:
    """A benchmark that does not exist is a sentence with those that do."""
    done = subprocess.run((COMMAND, "bench", "nonsense"), capture_output=True, text=True, timeout=60, check=False)

    assert 1 == done.returncode
    assert "footprint" in done.stdout


@pytest.mark.e2e
def test_one_folder_runs_one_system_and_a_clean_stop_leaves_nothing_behind(checkout: Checkout) -> None:
    """While it runs, `run.json` has exactly the agreed form and a second start is refused; SIGTERM leaves nothing."""
    with checkout.up() as supervisor:
        assert RUN_MEMBERS == checkout.described().keys()
        assert PROCESSES == checkout.described()["pids"].keys()

        second = checkout.run("up")
        assert 1 == second.returncode
        assert "is running already" in second.stdout
        assert "make down" in second.stdout
        assert supervisor.poll() is None

        processes = checkout.processes()
        supervisor.terminate()

        assert 0 == supervisor.wait(timeout=60)
    assert not [process for process in processes if process.is_running()]
    assert not (checkout.folder / "run.json").exists()
    assert not (checkout.folder / "processes.json").exists()


@pytest.mark.e2e
def test_what_a_killed_run_left_is_replaced_by_the_next(checkout: Checkout) -> None:
    """With supervisor and watchdog killed, the next start stops what was left, says so, and comes up fresh."""
    with checkout.up() as killed:
        left = checkout.processes()
        for watchdog in psutil.Process(killed.pid).children():
            if watchdog.name() == "sh":
                watchdog.kill()
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        (checkout.folder / "run.json").unlink()

        with checkout.up():
            assert not [process for process in left if process.is_running()]
            assert "An earlier run was killed and left these running" in (checkout.folder / "up.log").read_text()
