"""The one system that people run in a checkout: taking its folder over, and stopping what a killed run left in it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from rich.console import Console

from harness import paths, run_file
from harness.errors import AlreadyRunningError
from harness.processes import GRACE_SECONDS, Supervisor
from harness.records import ProcessRecords
from harness.run_file import RunFile
from harness.seeding import FIRST_TENANT
from harness.settings import HarnessSettings
from harness.system import System

# Simulators forget everything when they end, so the services' data of an earlier run has no meaning any more.
_OF_ONE_RUN = ("kafka", "database", "secrets", "logs")

_DOWN_SECONDS = 60.0


@contextmanager
def running_system(settings: HarnessSettings, console: Console) -> Iterator[RunFile]:
    """The system of this checkout, from an empty state, until the block ends; what its `run.json` says.

    Raises:
        AlreadyRunningError: it runs already.
        HarnessError: it could not be started; the text says why and what to do.
    """
    folder = folder_of(settings)
    records = _records(folder)
    running = records.supervisor()
    if running is not None:
        raise AlreadyRunningError(
            f"A system is running already (process {running.pid}, addresses in {folder / run_file.RUN_FILE}): "
            f"stop it with `make down`."
        )
    _tidy(folder, console)
    with Supervisor(records) as supervisor:
        port = settings.gateway_port
        system = System(folder, settings=settings, console=console, supervisor=supervisor, gateway_port=port)
        with system:
            run = system.seed(FIRST_TENANT)
            run.write(folder)
            try:
                yield run
            finally:
                run_file.remove(folder)


def stop(settings: HarnessSettings, console: Console) -> None:
    """Stop the system of this checkout, whether its supervisor lives or was killed."""
    folder = folder_of(settings)
    running = _records(folder).supervisor()
    if running is not None:
        running.terminate()
        psutil.wait_procs([running], timeout=_DOWN_SECONDS)
        console.print("Stopped the running system.")
    if not _tidy(folder, console) and running is None:
        console.print("Nothing was running.")


def _tidy(folder: Path, console: Console) -> bool:
    """Stop what a killed run left behind and remove its data; whether there was anything to stop."""
    stopped = _records(folder).stop_survivors(grace_seconds=GRACE_SECONDS)
    if stopped:
        console.print(f"An earlier run was killed and left these running; stopped them: {', '.join(stopped)}.")
    run_file.remove(folder)
    for name in _OF_ONE_RUN:
        shutil.rmtree(folder / name, ignore_errors=True)
    return bool(stopped)


def folder_of(settings: HarnessSettings) -> Path:
    """Where the one system of a checkout keeps data, logs and what tells where everything is."""
    return (settings.folder or paths.repository_root() / ".local").absolute()


def _records(folder: Path) -> ProcessRecords:
    return ProcessRecords(folder / "processes.json")
