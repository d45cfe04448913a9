"""`python -m actions`: serve until SIGTERM."""

from actions.app import build
from actions.settings import Settings
from chassis import logging
from chassis.exporting import traces_exported
from chassis.lifespan import Plumbing
from chassis.server import serve
from chassis.settings import load


def main() -> None:
    """Read settings, say who we are, serve."""
    settings = load(Settings)
    logging.configure("actions", settings.log_level)
    with traces_exported("actions", settings):
        serve(build(settings, Plumbing(clock=settings.clock())), host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
