"""The repository speaks of the product alone."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Put together from parts, so that this file does not name them.
HOSTS = re.compile(
    (
        "|".join(
            re.escape(".".join(parts))
            for parts in [
                ("pypi", "org"),
                ("files", "pythonhosted", "org"),
                ("registry", "npmjs", "org"),
                ("repo", "maven", "apache", "org"),
                ("repo1", "maven", "org"),
                ("proxy", "golang", "org"),
                ("static", "crates", "io"),
                ("deb", "debian", "org"),
            ]
        )
    ).encode()
)
PATHS = re.compile(rb"(?<![\w.-])/(?:(?:work|root|farm|tmp/bash_jobs)(?![\w-])|(?:home|Users)/\w+/)")


def found(pattern: re.Pattern[bytes], tracked: list[Path]) -> list[str]:
    """Where a pattern occurs."""
    return [
        f"{path.relative_to(ROOT)}: {match.group().decode()}"
        for path in tracked
        for match in pattern.finditer(path.read_bytes())
        if path != Path(__file__)
    ]


def test_no_file_names_a_registry_host(tracked: list[Path]) -> None:
    """Locks carry hashes, not addresses: whoever builds this chooses the registry."""
    assert found(HOSTS, tracked) == []


def test_no_file_names_a_path_of_one_machine(tracked: list[Path]) -> None:
    """What works only in somebody's home folder is not in here."""
    text = [path for path in tracked if path.suffix not in {".png", ".css", ".js", ".woff2"}]

    assert found(PATHS, text) == []


def test_no_lock_that_names_hosts_is_tracked(tracked: list[Path]) -> None:
    """`uv.lock` names hosts; the locks are `requirements/*.txt`."""
    assert [path for path in tracked if path.name == "uv.lock"] == []
