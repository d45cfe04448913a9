"""Where things are in a checkout."""

from functools import cache
from pathlib import Path

from harness.errors import HarnessError

_EMBEDDED_RUNTIME = Path("deploy") / "local"


@cache
def repository_root() -> Path:
    """The checkout this package is installed from.

    Raises:
        HarnessError: the package was installed as a copy, outside any checkout.
    """
    for folder in Path(__file__).resolve().parents:
        if (folder / _EMBEDDED_RUNTIME / "pom.xml").is_file():
            return folder
    raise HarnessError("The harness runs from a checkout: install it with `pip install -e libs/harness`.")


def embedded_runtime() -> Path:
    """The folder with the embedded servers' Maven module and settings."""
    return repository_root() / _EMBEDDED_RUNTIME


def developer_project() -> Path:
    """The folder of the app's HubSpot developer project."""
    return repository_root() / "deploy" / "hubspot-app"
