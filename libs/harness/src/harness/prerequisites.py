"""The programs that the embedded backends need, a JDK and Maven, and the browser that tests drive.

Where that can be done without surprise they are installed: on Debian and Ubuntu as root, or after asking at a
terminal. Otherwise one sentence names what is missing and the ways to get it.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console

from harness import paths
from harness.errors import PrerequisiteMissingError
from harness.locks import alone

OLDEST_JAVA = 17

_VERSION_SECONDS = 30
_WAITING = ("-o", "DPkg::Lock::Timeout=300")
"""For whoever else installs something on this machine (apt.conf(5)), in seconds."""
_INSTALL_SECONDS = 600
_JAVA_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


@dataclass(frozen=True, kw_only=True)
class Prerequisite:
    """A program, how to tell whether it is there, and how to get it."""

    name: str
    present: Callable[[], bool]
    debian: str
    homebrew: str


def java_version(output: str) -> int:
    """The major version in the answer of `java -version`; 0 when there is none."""
    match = _JAVA_VERSION.search(output)
    return int(match.group(1)) if match else 0


def missing_sentence(missing: list[Prerequisite]) -> str:
    """What is missing and the Debian, Homebrew and Docker way to get it, in one sentence."""
    names = " and ".join(prerequisite.name for prerequisite in missing)
    debian = " ".join(prerequisite.debian for prerequisite in missing)
    homebrew = " ".join(prerequisite.homebrew for prerequisite in missing)
    return (
        f"The embedded Kafka and database need {names}, not found here: "
        f"on Debian or Ubuntu `apt-get install {debian}`, with Homebrew `brew install {homebrew}`, "
        f"or with Docker set HARNESS_BACKEND=docker and use its images."
    )


def ensure(console: Console, *, root: bool) -> None:
    """Have everything that the embedded backends need; as root more can be done about it.

    Raises:
        PrerequisiteMissingError: something is missing and was not installed.
    """
    missing = _have(_NEEDED, console, root=root)
    if missing:
        raise PrerequisiteMissingError(missing_sentence(missing))


def ensure_browser(console: Console, *, root: bool) -> str:
    """The path of Chromium, which the tests in a browser drive; as root more can be done to have it.

    Raises:
        PrerequisiteMissingError: it is missing and was not installed.
    """
    _have([_BROWSER], console, root=root)
    found = chromium()
    if found is None:
        raise PrerequisiteMissingError(
            f"The tests in a browser need {_BROWSER.name}, not found here: on Debian `apt-get install "
            f"{_BROWSER.debian}`, with Homebrew `brew install --cask {_BROWSER.homebrew}`; "
            f'without it, leave those tests out with `-m "not e2e"`.'
        )
    return found


def chromium(search_path: str | None = None) -> str | None:
    """Chromium, by any of its names, on the given search path or the process's own."""
    found = (shutil.which(name, path=search_path) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path is not None), None)


def _has_java() -> bool:
    return shutil.which("javac") is not None and java_version(_output("java", "-version")) >= OLDEST_JAVA


def _has_maven() -> bool:
    return shutil.which("mvn") is not None


_NEEDED = (
    Prerequisite(
        name=f"a JDK of version {OLDEST_JAVA} or newer",
        present=_has_java,
        debian="default-jdk-headless",
        homebrew="openjdk",
    ),
    Prerequisite(name="Maven", present=_has_maven, debian="maven", homebrew="maven"),
)


_BROWSER = Prerequisite(name="Chromium", present=lambda: chromium() is not None, debian="chromium", homebrew="chromium")


def _output(*command: str) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=_VERSION_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (answer.stdout + answer.stderr).strip()


def _have(wanted: Sequence[Prerequisite], console: Console, *, root: bool) -> list[Prerequisite]:
    """Install what is not there, where that can be done; what is missing still.

    Every worker of a test run asks for the same: one installs, the others wait for it.
    """
    missing = _missing(wanted)
    if not missing or not _may_install(missing, root=root):
        return missing
    with alone(paths.embedded_runtime() / "target" / "install"):
        missing = _missing(missing)
        if missing:
            _install(missing, console, root=root)
    return _missing(missing)


def _missing(wanted: Sequence[Prerequisite]) -> list[Prerequisite]:
    return [prerequisite for prerequisite in wanted if not prerequisite.present()]


def _may_install(missing: list[Prerequisite], *, root: bool) -> bool:
    if shutil.which("apt-get") is None:
        return False
    if root:
        return True
    if shutil.which("sudo") is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    packages = " ".join(prerequisite.debian for prerequisite in missing)
    return input(f"Install {packages} with `sudo apt-get`? [y/N] ").strip().lower() in {"y", "yes"}


def _install(missing: list[Prerequisite], console: Console, *, root: bool) -> None:
    packages = [prerequisite.debian for prerequisite in missing]
    console.print(f"Installing {' '.join(packages)} with apt-get, which takes a minute or two.")
    become_root = () if root else ("sudo",)
    quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (("update", "-qq"), ("install", "-y", "-qq", "--no-install-recommends", *packages)):
        done = subprocess.run(
            (*become_root, "apt-get", *_WAITING, *step),
            env=quietly,
            timeout=_INSTALL_SECONDS,
            check=False,
            capture_output=True,
        )
        if done.returncode:
            return
