"""`chertctl where`: one journey out of what each service knows."""

import json
from datetime import timedelta

import pytest
from ops.tests.unit._played import NOW, PlayedDesk, played_desk
from tests.e2e._golden import same_as_golden

from chertctl import where
from chertctl.outcomes import OperatorError, RefusedError, WrongCallError
from contracts.ops import WhereAnswer, WhereStep

PATH = "/ops/where"
PHONE = "+14155550132"


@pytest.fixture
def desk() -> PlayedDesk:
    """A desk at which nobody knows anything."""
    desk = played_desk()
    for service in where.ASKED:
        desk.services.will(service, PATH, WhereAnswer())
    return desk


def step(service: str, what: str, seconds: int, **ids: str) -> WhereStep:
    """Something that happened."""
    return WhereStep(
        at=NOW + timedelta(seconds=seconds), service=service, what=what, portal_id=62515, project_id="p-acme", ids=ids
    )


async def test_a_journey_is_one_line_of_time(desk: PlayedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """What services know is told in the order in which it happened, with what happens next; a number is not shown."""
    desk.services.answers.clear()
    desk.services.will("oauth", PATH, WhereAnswer())
    desk.services.will("actions", PATH, WhereAnswer(steps=(step("actions", "sent", 0, message_id="m1"),)))
    waiting = WhereAnswer(
        steps=(step("timeline", "received", 60, message_id="m2"), step("timeline", "waiting", 61, message_id="m2")),
        next="the breaker lets one reply try",
        next_at=NOW + timedelta(seconds=90),
    )
    desk.services.will("timeline", PATH, waiting)

    await where.show(desk, PHONE)

    printed = capsys.readouterr().out
    assert PHONE not in printed
    same_as_golden("where", json.loads(printed))


async def test_who_knows_nothing_is_asked_by_ids_that_others_named(desk: PlayedDesk) -> None:
    """An id that one service alone knows leads to the others by the ids that it names, the surest first."""
    desk.services.answers.clear()
    desk.services.will("oauth", PATH, WhereAnswer())
    named = step("actions", "sent", 0, trace_id="t1", message_id="m1")
    desk.services.will("actions", PATH, WhereAnswer(steps=(named,)))
    surest, other = WhereAnswer(steps=(step("timeline", "sent", 1),)), WhereAnswer(steps=(step("timeline", "sent", 2),))
    desk.services.will("timeline", PATH, WhereAnswer(), surest, other)

    journey = await where.find(desk, "callback-1")

    assert (named, *surest.steps) == journey.steps
    asked = [body["id"] for service, _, body in desk.services.asked if service == "timeline"]
    assert ["callback-1", "m1", "t1"] == asked


async def test_a_service_that_is_away_is_named(desk: PlayedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """What the others know is shown, and that it is not all."""
    desk.services.answers.clear()
    desk.services.will("oauth", PATH, WhereAnswer(steps=(step("oauth", "installed", 0),)))
    desk.services.will("actions", PATH, WhereAnswer())

    with pytest.raises(OperatorError, match="timeline does not answer"):
        await where.show(desk, "62515")

    document = json.loads(capsys.readouterr().out)
    assert (["installed"], ["timeline"]) == ([one["what"] for one in document["steps"]], list(document["silent"]))


async def test_an_id_that_nobody_knows_leads_on(desk: PlayedDesk) -> None:
    """The refusal names the commands that look where services do not."""
    with pytest.raises(OperatorError, match="chertctl dlq list"):
        await where.show(desk, "nobody")


@pytest.mark.parametrize("asked", ["", "x" * 513])
async def test_what_is_no_id_asks_nobody(desk: PlayedDesk, asked: str) -> None:
    """An empty or endless id is a wrong call."""
    with pytest.raises(WrongCallError):
        await where.show(desk, asked)
    assert [] == desk.services.asked


async def test_a_refusal_ends_the_question(desk: PlayedDesk) -> None:
    """An operator without rights is told so, and not that nobody knows."""
    desk.services.answers.clear()
    desk.services.will("oauth", PATH, RefusedError("oauth refused: wrong", code=2004))

    with pytest.raises(RefusedError):
        await where.show(desk, "62515")
