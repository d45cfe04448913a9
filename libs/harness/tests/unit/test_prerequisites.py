"""Telling whether a program is there, and how to get it."""

from pathlib import Path

import pytest

from harness.prerequisites import Prerequisite, chromium, java_version, missing_sentence


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "21" 2023-09-19 LTS', 21),
        ('java version "1.8.0_402"', 8),
        ("command not found", 0),
        ("", 0),
    ],
)
def test_java_tells_its_major_version(output: str, version: int) -> None:
    """Old and new version forms are read; anything else counts as none."""
    assert version == java_version(output)


def test_what_is_missing_comes_with_every_way_to_get_it() -> None:
    """One sentence names what is missing and the Debian, Homebrew and Docker way."""
    missing = [
        Prerequisite(name="a JDK", present=lambda: False, debian="default-jdk-headless", homebrew="openjdk"),
        Prerequisite(name="Maven", present=lambda: False, debian="maven", homebrew="maven"),
    ]

    assert (
        "The embedded Kafka and database need a JDK and Maven, not found here: "
        "on Debian or Ubuntu `apt-get install default-jdk-headless maven`, "
        "with Homebrew `brew install openjdk maven`, "
        "or with Docker set HARNESS_BACKEND=docker and use its images."
    ) == missing_sentence(missing)


def test_chromium_is_found_by_any_of_its_names(tmp_path: Path) -> None:
    """A browser is found under the name its distribution gave it, and none is made up where there is none."""
    assert chromium(str(tmp_path)) is None
    program = tmp_path / "chromium-browser"
    program.touch(mode=0o755)

    assert str(program) == chromium(str(tmp_path))
