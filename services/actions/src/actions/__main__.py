"""`python -m actions`: serve until SIGTERM."""

import gc

from chassis.loading import with_few_collections

with with_few_collections():
    from actions.app import build
    from actions.settings import Settings
    from chassis import logging
    from chassis.exporting import traces_exported
    from chassis.lifespan import Plumbing
    from chassis.server import serve
    from chassis.settings import load

GC_ALLOCATIONS = 20_000
"""Between two collections of the young, as in the other services. A send makes some ten thousand objects and leaves
hardly any cycle behind; with the default of 700 most of them would be looked at several times."""


def main() -> None:
    """Read settings, say who we are, serve."""
    settings = load(Settings)
    logging.configure("actions", settings.log_level)
    app = build(settings, Plumbing(clock=settings.clock()))
    gc.freeze()  # what is loaded by now stays; a collection need not go through it
    gc.set_threshold(GC_ALLOCATIONS)
    with traces_exported("actions", settings):
        serve(app, host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
