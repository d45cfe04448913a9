"""`python -m timeline`: serve until SIGTERM."""

from chassis import logging
from chassis.exporting import traces_exported
from chassis.lifespan import Plumbing
from chassis.server import serve
from chassis.settings import load
from timeline.app import build
from timeline.settings import Settings


def main() -> None:
    """Read settings, say who we are, serve."""
    settings = load(Settings)
    logging.configure("timeline", settings.log_level)
    with traces_exported("timeline", settings):
        serve(build(settings, Plumbing(clock=settings.clock())), host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
