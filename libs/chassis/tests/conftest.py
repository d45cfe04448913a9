"""Log lines as services write them, so that a failing test shows them too."""

import pytest
from hypothesis import settings

from chassis import logging

settings.register_profile("untimed", deadline=None)  # how long an example takes depends on the machine's other work
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _logs() -> None:
    logging.configure("tests", "warning")
