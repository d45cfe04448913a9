"""`python -m oauth`: serve until SIGTERM."""

from chassis.loading import collect_rarely, with_few_collections

with with_few_collections():
    from chassis import logging
    from chassis.exporting import traces_exported
    from chassis.lifespan import Plumbing
    from chassis.server import serve
    from chassis.settings import load
    from oauth.app import build
    from oauth.settings import Settings


def main() -> None:
    """Read settings, say who we are, serve."""
    settings = load(Settings)
    logging.configure("oauth", settings.log_level, gather_seconds=logging.GATHER_SECONDS)
    app = build(settings, Plumbing(clock=settings.clock()))
    collect_rarely()
    with traces_exported("oauth", settings):
        serve(app, host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
