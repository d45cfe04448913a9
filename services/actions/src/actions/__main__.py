"""`python -m actions`: serve until SIGTERM."""

from chassis.loading import collect_rarely, with_few_collections

with with_few_collections():
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
    logging.configure("actions", settings.log_level, gather_seconds=logging.GATHER_SECONDS)
    app = build(settings, Plumbing(clock=settings.clock()))
    collect_rarely()
    with traces_exported("actions", settings):
        serve(app, host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
