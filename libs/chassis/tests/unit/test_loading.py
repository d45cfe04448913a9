"""Loading with few collections."""

import gc
from collections.abc import Iterator

import pytest

from chassis.loading import WHILE_LOADING, WHILE_SERVING, collect_rarely, with_few_collections


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Other tests collect as ever, and their objects do not stay out of collections because of these."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_little_is_collected_while_a_program_is_loaded() -> None:
    """The young alone are looked at, and seldom; afterwards all is as before, and nobody looks at what was loaded."""
    threshold, frozen = gc.get_threshold(), gc.get_freeze_count()

    with with_few_collections():
        loading = gc.get_threshold()

    assert (WHILE_LOADING, threshold) == (loading[0], gc.get_threshold())
    assert min(loading[1:]) > 1_000
    assert frozen < gc.get_freeze_count()


def test_a_program_that_cannot_be_loaded_changes_nothing_for_others() -> None:
    """Whoever goes on after a failed import has a process like any other."""
    threshold = gc.get_threshold()

    with pytest.raises(ModuleNotFoundError), with_few_collections():
        __import__("nothing_of_that_name")

    assert threshold == gc.get_threshold()


def test_a_service_that_serves_collects_rarely() -> None:
    """What was loaded is not looked at any more, and what requests make is looked at seldom."""
    frozen, others = gc.get_freeze_count(), gc.get_threshold()[1:]

    collect_rarely()

    assert (WHILE_SERVING, *others) == gc.get_threshold()
    assert frozen < gc.get_freeze_count()
