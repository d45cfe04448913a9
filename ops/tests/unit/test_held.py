"""`chertctl held`."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from ops.tests.unit._played import NOW, PlayedDesk, played_desk
from tests.e2e._golden import same_as_golden

from chertctl.held import Release, show_held
from chertctl.outcomes import AwayError, OperatorError
from chertctl.screen import Screen
from contracts.held import HeldAnswer, HeldLane, HeldReleased

HELD, RELEASE = "/ops/held", "/ops/held/release"


def lane(owner: str = "acme", messages: int = 12, minutes: int = 5) -> HeldLane:
    """Messages that are held."""
    at = NOW - timedelta(minutes=minutes)
    return HeldLane(topic="message.received", partition=3, owner=owner, messages=messages, oldest_at=at)


@pytest.fixture
def desk() -> PlayedDesk:
    """A desk at which two owners are held, one of them in two services."""
    desk = played_desk()
    desk.services.will("oauth", HELD, HeldAnswer())
    desk.services.will("actions", HELD, HeldAnswer(lanes=(lane(messages=1, minutes=4),)), HeldAnswer())
    desk.services.will("timeline", HELD, HeldAnswer(lanes=(lane(), lane("other", minutes=9))))
    return desk


def order(*, dry_run: bool = False, yes: bool = True, owner: str = "acme", group: str | None = None) -> Release:
    """A release without sends."""
    return Release(owner, "mended", group, with_sends=False, sends_confirmed=False, dry_run=dry_run, yes=yes)


async def test_what_is_held_is_listed(desk: PlayedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """Every service is asked, and what is held the longest comes first."""
    await show_held(desk, None)

    same_as_golden("held-list", json.loads(capsys.readouterr().out))


async def test_nothing_is_said_in_words(desk: PlayedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """A person gets a sentence, and no table without rows; a script the same document as ever."""
    desk.services.will("oauth", HELD, HeldAnswer())

    await show_held(replace(desk, screen=Screen(as_json=False)), "oauth")
    await show_held(desk, "oauth")

    words, document = capsys.readouterr().out.split("\n", 1)
    assert "Nothing is held." == words
    assert [] == json.loads(document)["lanes"]


async def test_a_service_that_is_away_is_named(desk: PlayedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """What is known is shown, and the call fails, because it is not all."""
    desk.services.answers["actions", HELD].clear()

    with pytest.raises(OperatorError, match="actions"):
        await show_held(desk, None)

    assert ["actions"] == list(json.loads(capsys.readouterr().out)["silent"])


async def test_an_owner_is_released_everywhere(desk: PlayedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """Every lane is worked through to its end, and what comes to be held meanwhile, too; others stay held."""
    desk.services.answers["actions", HELD].clear()
    desk.services.will("actions", HELD, *[HeldAnswer(lanes=(lane(messages=1),))] * 2, HeldAnswer())
    desk.services.answers["timeline", HELD].clear()
    late, rest = HeldAnswer(lanes=(lane(messages=1), lane("other"))), HeldAnswer(lanes=(lane("other"),))
    desk.services.will("timeline", HELD, *[HeldAnswer(lanes=(lane(), lane("other")))] * 2, late, rest)
    part = HeldReleased(handled=10, left=2)
    desk.services.will("timeline", RELEASE, part, HeldReleased(handled=1, dead_lettered=1), HeldReleased(handled=1))
    desk.services.will("actions", RELEASE, HeldReleased(handled=1))

    await order()(desk)

    same_as_golden("held-release", json.loads(capsys.readouterr().out))
    released = [(name, body["owner"]) for name, asked, body in desk.services.asked if RELEASE in asked]
    assert [("actions", "acme"), *[("timeline", "acme")] * 3] == released
    assert [("held release", "began"), ("held release", "done")] == desk.told()
    assert {"handled": 13, "dead_lettered": 1} == desk.journal.events[-1].data.result


async def test_a_dry_run_releases_nothing(desk: PlayedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """It says how much there is, and neither a service nor the audit hears of it."""
    await order(dry_run=True)(desk)

    assert 13 == json.loads(capsys.readouterr().out)["left"]
    assert ([], []) == ([asked for _, asked, _ in desk.services.asked if RELEASE in asked], desk.told())


async def test_an_owner_of_whom_nothing_is_held_is_named(desk: PlayedDesk) -> None:
    """A wrong name is said, before anything is done."""
    with pytest.raises(OperatorError, match="Nothing is held of nobody"):
        await order(owner="nobody")(desk)


async def test_how_far_it_came_is_told(desk: PlayedDesk) -> None:
    """A service that goes away in the middle ends the release, and the audit says what was done."""
    desk.services.will("timeline", RELEASE, HeldReleased(handled=10, left=2), AwayError("timeline is away"))

    with pytest.raises(AwayError):
        await order(group="timeline")(desk)

    assert ("failed", {"handled": 10, "dead_lettered": 0}) == (
        desk.journal.events[-1].data.stage,
        desk.journal.events[-1].data.result,
    )
