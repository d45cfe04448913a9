"""Where backfills are, the same in memory and in the database; and backfills that are interrupted."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest

from chassis.backfilling import Backfill, InMemoryPlaces, MongoPlaces, Place, Places
from chassis.mongo import connect
from chassis.subset import SubsetListener


@pytest.fixture(params=["memory", pytest.param("mongo", marks=pytest.mark.integration)])
async def places(request: pytest.FixtureRequest) -> AsyncIterator[Places]:
    """A store that is empty; what leaves the subset of MongoDB that we use fails the test."""
    if request.param == "memory":
        yield InMemoryPlaces()
        return
    listener = SubsetListener()
    async with connect(request.getfixturevalue("mongo_url"), "tests", event_listeners=[listener]) as client:
        database = client[f"chassis_{uuid.uuid4().hex}"]
        yield MongoPlaces(database)
        await client.drop_database(database)
    assert [] == listener.violations


class Rows:
    """Rows of an older shape, written anew two at a time; `fail` ends the process in the middle of a page."""

    def __init__(self, *keys: str) -> None:
        self.old, self.new, self.fail = sorted(keys), list[str](), False

    async def page(self, after: str) -> str | None:
        """Write two rows anew."""
        keys = [key for key in self.old if key > after][:2]
        for key in keys:
            self.new.append(key)
            if self.fail:
                raise ConnectionError
        return keys[-1] if keys else None


async def run(backfill: Backfill, rounds: int) -> None:
    """So many rounds."""
    for _ in range(rounds):
        assert not await backfill.step(), "live work goes first"


async def test_a_place_is_remembered_and_never_goes_back(places: Places) -> None:
    """One that is unknown is at its beginning; late words of another process change nothing; others are others."""
    assert Place() == await places.place("a")
    await asyncio.gather(*(places.advance("a", key) for key in ("2", "9", "4")))
    await places.advance("b", "1")
    await places.finish("a")
    await places.advance("a", "3")

    assert (Place("9", done=True), Place("1")) == (await places.place("a"), await places.place("b"))


async def test_every_row_is_written_anew_once(places: Places) -> None:
    """Page by page, in order; after the end nothing more is asked."""
    rows = Rows("a", "b", "c", "d", "e")
    backfill = Backfill("rows", rows.page, places)

    await run(backfill, 9)

    assert rows.old == rows.new
    assert (await places.place("rows")).done


async def test_a_backfill_goes_on_where_its_process_ended(places: Places) -> None:
    """What ended in the middle of a page does that page again and no other, and ends in the same place."""
    rows = Rows("a", "b", "c", "d", "e")
    await run(Backfill("rows", rows.page, places), 1)
    rows.fail = True
    with pytest.raises(ConnectionError):
        await Backfill("rows", rows.page, places).step()
    rows.fail = False

    await run(Backfill("rows", rows.page, places), 4)

    assert ["a", "b", "c", "c", "d", "e"] == rows.new


async def test_what_is_done_is_not_begun_again(places: Places) -> None:
    """The next process, or the next release, asks once and rests."""
    rows = Rows("a")
    await run(Backfill("rows", rows.page, places), 2)
    rows.old.append("b")

    await run(Backfill("rows", rows.page, places), 3)

    assert ["a"] == rows.new
