"""The HubSpot card as Node built it: without Node everything else works, and the contact record says so."""

from pathlib import Path

from harness import paths
from harness.errors import PrerequisiteMissingError

SCRIPTS = ("card/card.js", "host/worker.js", "host/page.js")


def is_built(project: Path | None = None) -> bool:
    """Whether the card is there; the checkout's own unless given."""
    built = (project or paths.developer_project()) / "built"
    return all((built / script).is_file() for script in SCRIPTS)


def note(project: Path | None = None) -> str:
    """What to tell people who look at the product without the card; nothing where it is there."""
    return "" if is_built(project) else "Without Node 20+ the card was not built: the contact record is without it."


def ensure_built(project: Path | None = None) -> None:
    """Refuse to go on without the card, where something is only about it; the checkout's own unless given.

    Raises:
        PrerequisiteMissingError: it was not built.
    """
    if not is_built(project):
        raise PrerequisiteMissingError(
            "The HubSpot card is not built: `make card` builds it with Node 20 or newer "
            "(on Debian `apt-get install nodejs npm`, with Homebrew `brew install node`); without it, leave the "
            'tests in a browser out with `-m "not e2e"`.'
        )
