"""The HubSpot card as Node built it: without Node everything else works, and the contact record says so."""

from pathlib import Path

from harness import paths
from harness.errors import PrerequisiteMissingError

SCRIPTS = ("card/card.js", "host/worker.js", "host/page.js")


def ensure_built(project: Path | None = None) -> None:
    """Refuse to go on without the card, where something is only about it; the checkout's own unless given.

    Raises:
        PrerequisiteMissingError: it was not built.
    """
    built = (project or paths.developer_project()) / "built"
    if not all((built / script).is_file() for script in SCRIPTS):
        raise PrerequisiteMissingError(
            "The HubSpot card is not built: `make card` builds it with Node 20 or newer "
            "(on Debian `apt-get install nodejs npm`, with Homebrew `brew install node`); without it, leave the "
            'tests in a browser out with `-m "not e2e"`.'
        )
