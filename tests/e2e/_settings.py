"""Other settings for some processes of the system that all tests share, for as long as a test needs them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from harness.system import System


@contextmanager
def told(system: System, settings: Mapping[str, Mapping[str, str]]) -> Iterator[System]:
    """The system while these processes have these settings besides; each is started anew before and after."""
    for name, own in settings.items():
        system.set_environment(name, **own)
        system.restart(name)
    try:
        yield system
    finally:
        for name in settings:
            system.set_environment(name)
            system.restart(name)
