"""What holds for all tests: their order, and that no example of hypothesis is judged by how long it takes.

What takes longest begins, so that the last minutes are not one core's.
"""

from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # how long an example takes depends on the machine's other work
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files with whole systems first, then those with servers; among them the ones that may take longest."""
    longest: defaultdict[Path, tuple[bool, bool, float]] = defaultdict(lambda: (False, False, 0.0))
    for item in items:
        longest[item.path] = max(longest[item.path], _length(item))
    items.sort(key=lambda item: longest[item.path], reverse=True)


def _length(item: pytest.Item) -> tuple[bool, bool, float]:
    """How long a test takes, as far as its markers tell."""
    limit = item.get_closest_marker("timeout")
    seconds = float(limit.args[0]) if limit is not None else 0.0
    whole = item.get_closest_marker("e2e") is not None or "system" in getattr(item, "fixturenames", ())
    return whole, item.get_closest_marker("integration") is not None, seconds
