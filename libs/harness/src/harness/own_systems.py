"""A system for one benchmark or fault run: its own servers and folder, which stays so that logs can be read after."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console

from harness import paths
from harness.addresses import SERVICES
from harness.ports import free_port
from harness.processes import Supervisor
from harness.settings import HarnessSettings
from harness.system import System


@contextmanager
def own_system(run: str, *, services: Sequence[str] = SERVICES) -> Iterator[System]:
    """A running system from an empty state, in `build/runs/<run>`, until the block ends.

    Raises:
        HarnessError: it could not be started; the text says why.
    """
    folder = paths.repository_root() / "build" / "runs" / run
    shutil.rmtree(folder, ignore_errors=True)
    settings = HarnessSettings.read(os.environ)
    with (
        Supervisor() as supervisor,
        System(
            folder,
            settings=settings,
            console=Console(),
            supervisor=supervisor,
            gateway_port=free_port(),
            services=services,
        ) as system,
    ):
        yield system
