"""Loading with few collections."""

import gc
from collections.abc import Iterator

import pytest

from chassis.loading import ALLOCATIONS, with_few_collections


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """Other tests' objects do not stay out of collections because of these."""
    yield
    gc.unfreeze()


def test_little_is_collected_while_a_program_is_loaded() -> None:
    """Afterwards collections are as before, and do not look at what was loaded."""
    threshold, frozen = gc.get_threshold(), gc.get_freeze_count()

    with with_few_collections():
        loading = gc.get_threshold()

    assert (ALLOCATIONS, threshold) == (loading[0], gc.get_threshold())
    assert frozen < gc.get_freeze_count()


def test_a_program_that_cannot_be_loaded_changes_nothing_for_others() -> None:
    """Whoever goes on after a failed import has a process like any other."""
    threshold = gc.get_threshold()

    with pytest.raises(ModuleNotFoundError), with_few_collections():
        __import__("nothing_of_that_name")

    assert threshold == gc.get_threshold()
