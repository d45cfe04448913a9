"""Revealing a record: for a reason, by who may, one at a time, and written down before it is seen."""

from dataclasses import replace

import pytest
from ops.tests.unit._played import PlayedDesk, played_desk
from ops.tests.unit.test_screens_of_work import lying

from chertctl.outcomes import OperatorError, WrongCallError
from chertctl.settings import OperatorSecrets
from chertctl.tailing import revealed


@pytest.fixture
def permitted() -> PlayedDesk:
    """The desk of somebody who may see content."""
    return replace(played_desk(), secrets=OperatorSecrets(permissions=frozenset({"reveal"})))


async def test_a_record_is_revealed_to_who_may(permitted: PlayedDesk) -> None:
    """The content is shown, and the audit says which record, by whom and why."""
    content = await revealed(permitted, lying(), "ticket 7")

    assert "+14155550100" in content
    told = permitted.journal.events[-1].data
    assert ("done", "ticket 7", [("message.received", 17, "revealed")]) == (
        told.stage,
        told.reason,
        [(place.topic, place.offset, place.outcome) for place in told.places],
    )


async def test_nobody_else_sees_it() -> None:
    """Without the permission nothing is shown, and there is nothing to audit."""
    desk = played_desk()

    with pytest.raises(OperatorError, match="permission"):
        await revealed(desk, lying(), "ticket 7")

    assert [] == desk.told()


@pytest.mark.parametrize("reason", [None, ""])
async def test_without_a_reason_nothing_is_revealed(permitted: PlayedDesk, reason: str | None) -> None:
    """Whoever looks says why."""
    with pytest.raises(WrongCallError):
        await revealed(permitted, lying(), reason)

    assert [] == permitted.told()
