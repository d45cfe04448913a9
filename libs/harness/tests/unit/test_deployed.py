"""Services with what their images have."""

import subprocess
from pathlib import Path

import pytest

from harness import deployed
from harness.addresses import SERVICES


@pytest.mark.parametrize("service", SERVICES)
def test_what_the_lock_of_a_service_brings_is_there_and_nothing_else(service: str) -> None:
    """Tools of developers are absent; our own packages and whatever is locked are not."""
    absent = set(deployed.absent(service))

    assert {"greenlet", "playwright", "pytest", "rich"} <= absent
    assert set() == absent & {service, "chassis", "contracts", "opentelemetry", "pydantic", "structlog", "uvloop"}


def test_what_is_absent_cannot_be_imported(tmp_path: Path) -> None:
    """A script runs with its arguments, and is told that there is no such package."""
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nimport structlog\ntry: import rich\nexcept ImportError: print(__name__, *sys.argv[1:])\n"
    )
    command = deployed.command(str(script), "told")

    done = subprocess.run(command, env=deployed.environment("oauth"), check=True, capture_output=True, text=True)

    assert "__main__ told" == done.stdout.strip()
