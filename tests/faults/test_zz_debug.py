"""The run over the whole system, played small: it works from end to end, and its books balance."""

from dataclasses import replace
from pathlib import Path

import pytest
from _whole_schedule import Extent, draw
from whole import measure

from harness.reports import Report, Scale
from harness.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(560)]

SMALL = Extent(accounts=20, leads=2, seconds=110.0, each_second=3.0, troubles=1)
KINDS = {"kill": {"timeline/2", "webhooks/1"}, "answers": {"chert/broken", "hubspot/late"}, "hostile": {"forged"}}


async def test_a_small_play_of_everything_balances(new_system: System, tmp_path: Path) -> None:
    """A dozen accounts and a few troubles: every figure of the run is there and holds, and the files are left."""
    drawn = draw(3, Scale.QUICK, SMALL)
    chosen = drawn.trouble
    report = Report("whole", Scale.QUICK, seed=3)
    await measure(new_system, report, replace(drawn, trouble=chosen), tmp_path / "schedule.json")

    assert [] == [figure for figure in report.figures if not figure.ok]
    assert {"W.lost", "W.doubled", "W.crossings", "W.secrets_found"} <= {figure.id for figure in report.figures}
    assert (tmp_path / "books.json").stat().st_size > 1_000
