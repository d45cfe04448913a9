"""Prints the folders of a workspace member and of the members it needs: what its image installs."""

import sys
import tomllib
from pathlib import Path

PREFIX = "chert-hubspot-"


def members(root: Path) -> dict[str, Path]:
    """Folder of every member, by distribution name."""
    files = [*root.glob("libs/*/pyproject.toml"), *root.glob("services/*/pyproject.toml"), root / "ops/pyproject.toml"]
    return {tomllib.loads(file.read_text())["project"]["name"]: file.parent for file in files}


def closure(name: str, folders: dict[str, Path]) -> list[str]:
    """A member and all that it needs, each once.

    Raises:
        KeyError: there is no such member.
    """
    wanted, waiting = [], [name]
    while waiting:
        member = waiting.pop()
        if member not in wanted:
            wanted.append(member)
            project = tomllib.loads((folders[member] / "pyproject.toml").read_text())["project"]
            waiting += [need for need in project["dependencies"] if need.startswith(PREFIX)]
    return wanted


if __name__ == "__main__":
    root = Path(__file__).parents[1]
    folders = members(root)
    print(*(f"./{folders[member].relative_to(root)}" for member in closure(PREFIX + sys.argv[1], folders)))
