"""What happens where a program is missing, on a machine made of a few small programs."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ENSURE = """
import sys
from rich.console import Console
from harness import prerequisites
from harness.errors import PrerequisiteMissingError
try:
    prerequisites.ensure(Console(), root=True)
except PrerequisiteMissingError as error:
    sys.exit(str(error))
"""

JAVA = "echo 'openjdk version \"17.0.15\"' >&2"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with a JDK and nothing else."""
    program(tmp_path, "java", JAVA)
    program(tmp_path, "javac", "exit 0")
    return tmp_path


def test_nothing_is_said_when_everything_is_there(machine: Path) -> None:
    """A machine with a JDK and Maven is left alone."""
    program(machine, "mvn", "exit 0")

    assert (0, "", "") == ensure(machine)


def test_what_is_missing_is_installed_on_debian_as_root(machine: Path) -> None:
    """With apt-get and as root, the missing package is installed, and that is said."""
    program(
        machine,
        "apt-get",
        f'case "$*" in *install*) printf "#!/bin/sh\\n" > {machine}/mvn; /bin/chmod +x {machine}/mvn;; esac',
    )
    code, output, _ = ensure(machine)

    assert 0 == code
    assert "Installing maven with apt-get" in output


def test_workers_that_miss_the_same_install_it_once(machine: Path) -> None:
    """apt-get refuses whoever comes while another is at work, so all but one wait, and find it there."""
    program(
        machine,
        "apt-get",
        f'echo "$*" >> {machine}/called; case "$*" in *install*) /bin/sleep 0.3; '
        f'printf "#!/bin/sh\\n" > {machine}/mvn; /bin/chmod +x {machine}/mvn;; esac',
    )
    workers = [start(machine) for _ in range(3)]
    for worker in workers:
        worker.communicate()

    assert [0, 0, 0] == [worker.returncode for worker in workers]
    assert 1 == sum("install" in call for call in (machine / "called").read_text().splitlines())


def test_a_failed_installation_names_the_remedies(machine: Path) -> None:
    """When apt-get fails, the one sentence with every way says so."""
    program(machine, "apt-get", "exit 100")
    code, _, error = ensure(machine)

    assert 1 == code
    assert "need Maven, not found here: on Debian or Ubuntu `apt-get install maven`" in error


def test_without_apt_get_the_remedies_are_named(machine: Path) -> None:
    """Elsewhere nothing is installed; one sentence names the remedies."""
    program(machine, "java", "echo 'java version \"11.0.2\"' >&2")
    program(machine, "mvn", "exit 0")
    code, _, error = ensure(machine)

    assert 1 == code
    assert "need a JDK of version 17 or newer, not found here" in error
    assert "brew install openjdk" in error
    assert "HARNESS_BACKEND=docker" in error


def program(folder: Path, name: str, body: str) -> None:
    """Put a small program on the machine."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def ensure(machine: Path) -> tuple[int, str, str]:
    """Look for the prerequisites on a machine: exit code, output and error output."""
    process = start(machine)
    output, error = process.communicate()
    return process.returncode, output, error


def start(machine: Path) -> subprocess.Popen[str]:
    """Begin to look for them."""
    return subprocess.Popen(
        (sys.executable, "-c", ENSURE),
        env={"PATH": str(machine)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
