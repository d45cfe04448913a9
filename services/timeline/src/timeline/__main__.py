"""`python -m timeline`: serve until SIGTERM."""

from chassis.loading import collect_rarely, with_few_collections

with with_few_collections():
    from chassis import logging
    from chassis.exporting import traces_exported
    from chassis.lifespan import Plumbing
    from chassis.metrics import Metrics
    from chassis.server import serve
    from chassis.settings import load
    from timeline.app import build
    from timeline.settings import Settings


def main() -> None:
    """Read settings, say who we are, serve."""
    run(load(Settings), Metrics())


def run(settings: Settings, metrics: Metrics) -> None:
    """Serve, and be counted there."""
    logging.configure("timeline", settings.log_level)
    app = build(settings, Plumbing(clock=settings.clock(), metrics=metrics))
    with traces_exported("timeline", settings):
        collect_rarely()
        serve(app, host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
