"""Pages that are written from the code say what the code says."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pages.__main__ import FOLDER, PAGES
from pages.configuration import SERVICES, described


@pytest.mark.parametrize(("name", "page"), PAGES.items())
def test_a_page_is_current(name: str, page: Callable[[], str]) -> None:
    """Whoever changes the code runs `make docs`."""
    assert page() == (FOLDER / name).read_text()


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_is_described(service: str) -> None:
    """A setting or a secret that no docstring speaks of could not be on the page."""
    for model in SERVICES[service]:
        assert set(model.model_fields) <= set(described(model)), model


def test_the_pages_are_in_the_documentation() -> None:
    """They are written where readers look."""
    assert Path(__file__).parents[2] / "docs" == FOLDER
