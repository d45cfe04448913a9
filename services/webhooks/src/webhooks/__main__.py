"""`python -m webhooks`: serve until SIGTERM."""

from functools import partial

from chassis.loading import collect_rarely, with_few_collections

with with_few_collections():
    from chassis import logging
    from chassis.exporting import traces_exported
    from chassis.lifespan import Plumbing
    from chassis.metrics import Metrics
    from chassis.server import serve
    from chassis.settings import load
    from webhooks.adapters.allocator import keep_buffers
    from webhooks.api.exchange import ExchangeProtocol
    from webhooks.app import build
    from webhooks.settings import Settings


def main() -> None:
    """Read settings, say who we are, serve."""
    run(load(Settings), Metrics())


def run(settings: Settings, metrics: Metrics) -> None:
    """Serve, and be counted there."""
    logging.configure("webhooks", settings.log_level)
    app = build(settings, Plumbing(clock=settings.clock(), metrics=metrics))
    keep_buffers()
    protocol = partial(ExchangeProtocol, reception=app.reception)
    with traces_exported("webhooks", settings):
        collect_rarely()
        serve(app, host=settings.host, port=settings.port, protocol=protocol)


if __name__ == "__main__":
    main()
