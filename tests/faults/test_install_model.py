"""The model that install interleavings are judged by: it accepts what is right, and catches each planted wrong."""

import itertools
from collections.abc import Sequence
from typing import TypeAlias

import _install_model as model
import pytest
from _install_model import NOTHING, Begun, Ended, Move, Seen, Told, Variant

Step: TypeAlias = tuple[tuple[Variant, ...], ...]
"""Operations that ran at the same time, each with what it may have come to."""

ACTIVE = Seen("active", 1, "a")
GONE = Seen("inactive", 1, "a")
CONNECTED = Told("installed", 1, "a")
UNINSTALLED = Told("uninstalled", 1, "a", "app_uninstalled")


def explain(steps: Sequence[Step], told: Sequence[Told], seen: Seen) -> bool:
    """Whether the model explains steps that came one after the other."""
    numbers = itertools.count(1)
    history: list[Begun | Ended] = []
    for step in steps:
        begun = [Begun(next(numbers), variants) for variants in step]
        history += [*begun, *(Ended(one.operation) for one in begun)]
    return model.explain(history, told, seen)


def install(project: str = "a", *, operation: int = 1, stays: bool | None = False) -> Step:
    """A step with an install whose answer is known."""
    return (((Move("grant", operation), Move("record", operation, project, stays)),),)


def alone(*moves: Move) -> Step:
    """A step with one operation."""
    return ((moves,),)


UNINSTALL, HINT = alone(Move("uninstall")), alone(Move("hint"))
EXPIRE, ASKED, REFUSED = alone(Move("expire")), alone(Move("asked")), alone(Move("refused"))


def test_an_install_is_told_once() -> None:
    """One install, one event, active."""
    assert explain([install()], [CONNECTED], ACTIVE)


def test_a_reinstall_from_another_project_stays() -> None:
    """Tokens rotate, the binding stays, and the user is told."""
    steps = [install(), install("b", operation=2, stays=True)]

    assert explain(steps, [CONNECTED, CONNECTED], ACTIVE)


def test_a_hint_after_an_uninstall_ends_it() -> None:
    """HubSpot's word confirms the hint."""
    assert explain([install(), UNINSTALL, HINT], [CONNECTED, UNINSTALLED], GONE)


def test_a_late_hint_never_ends_a_new_generation() -> None:
    """A hint that comes after the reinstall finds a grant that lives."""
    steps = [install(), UNINSTALL, HINT, install(operation=2), HINT]
    again = [CONNECTED, UNINSTALLED, Told("installed", 2, "a")]

    assert explain(steps, again, Seen("active", 2, "a"))
    assert not explain(steps, [*again, Told("uninstalled", 2, "a", "app_uninstalled")], Seen("inactive", 2, "a"))


def test_a_hint_and_a_reinstall_at_once_may_go_either_way() -> None:
    """Whichever comes first, the end is active: in the same generation, or in the next."""
    together: Step = (*install(operation=2), *HINT)
    steps = [install(), UNINSTALL, together]

    assert explain(steps, [CONNECTED, CONNECTED], ACTIVE)
    assert explain(steps, [CONNECTED, UNINSTALLED, Told("installed", 2, "a")], Seen("active", 2, "a"))


def test_a_lost_hint_is_found_by_the_refresh() -> None:
    """The token lives on until it expires; then HubSpot refuses, and the account ends."""
    steps = [install(), UNINSTALL, ASKED, EXPIRE, REFUSED]

    assert explain(steps, [CONNECTED, Told("uninstalled", 1, "a", "grant_revoked")], GONE)


def test_an_operation_without_an_answer_may_have_happened_or_not() -> None:
    """A killed process leaves both possible, and the events decide."""
    unknown: Step = ((NOTHING, (Move("grant", 1), Move("record", 1, "a", None))),)

    assert explain([unknown], [], Seen("unknown"))
    assert explain([unknown], [CONNECTED], ACTIVE)
    assert not explain([unknown], [CONNECTED, CONNECTED], ACTIVE)


def test_a_disconnect_is_told_to_hubspot_and_reconnecting_flips_it_back() -> None:
    """A generation ends by a disconnect, and the next one's grant is not harmed by what HubSpot is still to be told."""
    steps = [install(), alone(Move("leave")), install(operation=2), EXPIRE, ASKED]
    told = [CONNECTED, Told("uninstalled", 1, "a", "disconnected"), Told("installed", 2, "a")]

    assert explain(steps, told, Seen("active", 2, "a"))


def test_an_install_that_our_own_disconnect_overtook_is_refused() -> None:
    """HubSpot was told of the disconnect after it gave the new grant: refusing is right, and connecting would lie."""
    overtaken: Step = (((Move("grant", 2), Move("overtaken", 2)),), *alone(Move("leave")))
    told = [CONNECTED, Told("uninstalled", 1, "a", "disconnected")]

    assert explain([install(), overtaken], told, GONE)
    assert not explain([install(), alone(Move("grant", 2), Move("overtaken", 2))], [CONNECTED], ACTIVE)


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        ([], ACTIVE),
        ([CONNECTED, CONNECTED], ACTIVE),
        ([CONNECTED], GONE),
        ([Told("installed", 2, "a")], Seen("active", 2, "a")),
        ([Told("installed", 1, "b")], Seen("active", 1, "b")),
        ([CONNECTED, UNINSTALLED], GONE),
        ([CONNECTED, Told("uninstalled", 1, "a", "grant_revoked")], GONE),
    ],
    ids=["lost", "doubled", "state", "generation", "project", "harmed by a hint", "harmed by a refresh"],
)
def test_a_wrong_history_is_caught(told: list[Told], seen: Seen) -> None:
    """Lost and doubled events, a wrong state, generation or project, and harm to a grant that lives have no excuse."""
    assert not explain([install(), HINT, ASKED], told, seen)


def test_a_hint_that_was_never_acted_on_is_caught() -> None:
    """An account whose uninstall was announced does not stay connected."""
    assert not explain([install(), UNINSTALL, HINT], [CONNECTED], ACTIVE)


def test_a_token_of_a_dead_grant_is_caught() -> None:
    """After its expiry, a grant that HubSpot ended gives no token."""
    assert not explain([install(), UNINSTALL, EXPIRE, ASKED], [CONNECTED], ACTIVE)


def test_an_operation_that_is_held_up_may_act_at_any_time_until_it_ends() -> None:
    """A disconnect that began before an install and ended after it may have come before or after; not once it ended."""
    leave, connect = (Move("leave"),), (Move("grant", 2), Move("record", 2, "a", stays=None))
    overlapping = [Begun(3, (leave,)), Begun(2, (connect,)), Ended(2), Ended(3)]
    told = [CONNECTED, Told("uninstalled", 1, "a", "disconnected")]

    assert model.explain(overlapping, [CONNECTED], ACTIVE)
    assert model.explain(overlapping, told, GONE)
    assert not model.explain([Begun(3, (leave,)), Ended(3), Begun(2, (connect,)), Ended(2)], told, GONE)


def test_an_operation_that_never_ended_may_still_come_to_pass() -> None:
    """Whoever stopped waiting knows nothing: what was begun may have happened after everything else."""
    begun = Begun(1, (NOTHING, (Move("grant", 1), Move("record", 1, "a", stays=None))))
    refused = [Begun(2, ((Move("refused"),),)), Ended(2)]

    assert model.explain([begun, *refused], [], Seen("unknown"))
    assert model.explain([begun, *refused], [CONNECTED], ACTIVE)
    assert not model.explain([begun, Ended(1), *refused], [CONNECTED], ACTIVE)
