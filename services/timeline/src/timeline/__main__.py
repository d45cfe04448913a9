"""`python -m timeline`: serve until SIGTERM."""

import gc
from typing import Final

from chassis.loading import with_few_collections

with with_few_collections():
    from chassis import logging
    from chassis.exporting import traces_exported
    from chassis.lifespan import Plumbing
    from chassis.metrics import Metrics
    from chassis.server import serve
    from chassis.settings import load
    from timeline.app import build
    from timeline.settings import Settings

GC_ALLOCATIONS: Final = 20_000
"""Between two collections of the young: a batch makes tens of thousands of objects, nearly none of them in cycles."""


def main() -> None:
    """Read settings, say who we are, serve."""
    run(load(Settings), Metrics())


def run(settings: Settings, metrics: Metrics) -> None:
    """Serve, and be counted there."""
    logging.configure("timeline", settings.log_level)
    app = build(settings, Plumbing(clock=settings.clock(), metrics=metrics))
    with traces_exported("timeline", settings):
        gc.freeze()  # what is loaded by now stays; a collection, for which every lane would stop, passes it by
        gc.set_threshold(GC_ALLOCATIONS)
        serve(app, host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
