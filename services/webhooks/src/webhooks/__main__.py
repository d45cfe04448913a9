"""`python -m webhooks`: serve until SIGTERM."""

import gc
from functools import partial

from chassis.loading import with_few_collections

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

GC_ALLOCATIONS = 20_000
"""Between two collections of the young. Requests leave no cycles behind, but a hundred events in flight are some
thousand objects, and with the default of 700 each would be looked at several times."""


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
        gc.freeze()  # what is loaded by now stays; a collection need not go through it
        gc.set_threshold(GC_ALLOCATIONS)
        serve(app, host=settings.host, port=settings.port, protocol=protocol)


if __name__ == "__main__":
    main()
