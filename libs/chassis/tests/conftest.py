"""Log lines as services write them, so that a failing test shows them too."""

import pytest

from chassis import logging


@pytest.fixture(autouse=True)
def _logs() -> None:
    logging.configure("tests", "warning")
