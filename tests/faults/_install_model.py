"""What may become of one account: a small model of connecting and leaving, and a search for a history that explains.

The model says which moves are legal in which state and what each must tell. Operations of one step ran at the same
time, and some moves happen unseen (a hint is noted, a doubt settled, HubSpot is told of a disconnect), so a run is
right if *some* order of all moves explains every event in its order and ends in the state that was seen.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

Kind = Literal["installed", "uninstalled"]
Fate = Literal["lives", "ended", "overtaken"]
"""Of a grant: it lives; HubSpot ended it; or we did, by telling HubSpot of an earlier disconnect."""


@dataclass(frozen=True, slots=True)
class Told:
    """One `tenant.*` event, without what every event has."""

    kind: Kind
    generation: int
    project: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What the service says of an account at the end."""

    status: str
    generation: int = 0
    project: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """Everything that decides what may come next.

    Attributes:
        active: whether the service holds it connected.
        generation: how often it was connected anew.
        project: where it is bound, or was.
        lives: whether the grant that the service holds lives at HubSpot.
        fresh: whether the access token that the service holds has not expired.
        hints: uninstall notices on their way.
        doubt: a notice is stored, and HubSpot is still to be asked.
        leaving: HubSpot is still to be told of a disconnect.
        granted: grants that were given and are not recorded yet, by operation, and what became of each.
    """

    active: bool = False
    generation: int = 0
    project: str = ""
    lives: bool = False
    fresh: bool = False
    hints: int = 0
    doubt: bool = False
    leaving: bool = False
    granted: tuple[tuple[int, Fate], ...] = ()

    @property
    def seen(self) -> Seen:
        """What the service has to say of it."""
        if not self.generation:
            return Seen("unknown")
        return Seen("active" if self.active else "inactive", self.generation, self.project)

    @property
    def settled(self) -> bool:
        """Whether nothing more happens by itself."""
        return not (self.hints or self.doubt or self.leaving)


@dataclass(frozen=True, slots=True)
class Move:
    """One indivisible part of an operation.

    Attributes:
        name: which.
        operation: whose part it is, where that matters.
        project: for which project an install was begun.
        stays: whether the user was told that the account stays in another project; none if the answer was lost.
    """

    name: Literal["grant", "record", "overtaken", "leave", "uninstall", "hint", "expire", "asked", "refused"]
    operation: int = 0
    project: str = ""
    stays: bool | None = None


Variant: TypeAlias = tuple[Move, ...]
"""The moves of one operation, in their order."""
Step: TypeAlias = tuple[tuple[Variant, ...], ...]
"""The operations that ran at the same time, each with what it may have come to: one variant if its answer is known."""
Outcome: TypeAlias = tuple[State, Told | None]

NOTHING: Final[Variant] = ()
UNSEEN: Final = ("note", "settle", "tell")


def after(state: State, move: Move) -> Outcome | None:
    """The state after a move and what it tells; none if the move is not legal here."""
    return _MOVES[move.name](state, move)


def unseen(state: State, name: str) -> Outcome | None:
    """The same for what the service does by itself."""
    if name == "note":
        noted = replace(state, hints=state.hints - 1, doubt=state.doubt or state.active)
        return (noted, None) if state.hints else None
    if name == "settle":
        settled = replace(state, doubt=False)
        if not state.doubt:
            return None
        return _ended(settled, "app_uninstalled") if state.active and not state.lives else (settled, None)
    return (replace(_dead(state, "overtaken"), leaving=False), None) if state.leaving and not state.active else None


def explain(steps: Sequence[Step], told: Sequence[Told], seen: Seen) -> bool:
    """Whether some order of moves tells exactly these events and ends, with nothing left to do, as was seen."""
    start = (0, _queues(()), 0, State())
    waiting, known = [start], {start}
    while waiting:
        position = waiting.pop()
        step, queues, count, state = position
        if step == len(steps) and not queues and count == len(told) and state.settled and state.seen == seen:
            return True
        for following in _following(steps, told, step, queues, count, state):
            if following not in known:
                known.add(following)
                waiting.append(following)
    return False


_Queues: TypeAlias = tuple[Variant, ...]
_Position: TypeAlias = tuple[int, _Queues, int, State]


def _following(
    steps: Sequence[Step], told: Sequence[Told], step: int, queues: _Queues, count: int, state: State
) -> Iterator[_Position]:
    """Every position that one more move leads to."""
    if not queues and step < len(steps):
        for chosen in _choices(steps[step]):
            yield step + 1, _queues(chosen), count, state
    for index, queue in enumerate(queues):
        rest = _queues((*queues[:index], queue[1:], *queues[index + 1 :]))
        yield from ((step, rest, *end) for end in _told(after(state, queue[0]), told, count))
    for name in UNSEEN:
        yield from ((step, queues, *end) for end in _told(unseen(state, name), told, count))


def _told(outcome: Outcome | None, told: Sequence[Told], count: int) -> list[tuple[int, State]]:
    """Where a move leads, if what it tells is what was told next."""
    if outcome is None:
        return []
    state, event = outcome
    if event is None:
        return [(count, state)]
    return [(count + 1, state)] if count < len(told) and told[count] == event else []


def _choices(step: Step) -> Iterator[tuple[Variant, ...]]:
    """Every way in which the operations of a step may have come out."""
    if not step:
        yield ()
        return
    for rest in _choices(step[1:]):
        for variant in step[0]:
            yield (variant, *rest)


def _queues(variants: tuple[Variant, ...]) -> _Queues:
    return tuple(variant for variant in variants if variant)


def _grant(state: State, move: Move) -> Outcome:
    return replace(state, granted=(*state.granted, (move.operation, "lives"))), None


def _record(state: State, move: Move) -> Outcome | None:
    """Tokens rotate under an active account; any other begins a generation in the project it is installed for."""
    stays = state.active and state.project != move.project
    fate = dict(state.granted)[move.operation]
    if move.stays not in {None, stays} or fate == "overtaken":
        return None
    connected = replace(
        state,
        active=True,
        generation=state.generation + (not state.active),
        project=state.project if state.active else move.project,
        lives=fate == "lives",
        fresh=True,
        leaving=False,
        granted=_without(state, move),
    )
    return connected, Told("installed", connected.generation, connected.project)


def _overtaken(state: State, move: Move) -> Outcome | None:
    """An install is refused because its grant ended before it could be recorded."""
    if dict(state.granted)[move.operation] == "lives":
        return None
    return replace(state, granted=_without(state, move)), None


def _without(state: State, move: Move) -> tuple[tuple[int, Fate], ...]:
    return tuple(grant for grant in state.granted if grant[0] != move.operation)


def _leave(state: State, _: Move) -> Outcome:
    return _ended(state, "disconnected") if state.active else (state, None)


def _asked(state: State, _: Move) -> Outcome | None:
    return (replace(state, fresh=True), None) if state.active and (state.fresh or state.lives) else None


def _refused(state: State, _: Move) -> Outcome | None:
    """No token: the account is not connected, or it turns out so because HubSpot refuses to refresh."""
    if not state.active:
        return state, None
    return None if state.fresh or state.lives else _ended(state, "grant_revoked")


def _ended(state: State, reason: str) -> tuple[State, Told]:
    leaving = reason == "disconnected"
    told = Told("uninstalled", state.generation, state.project, reason)
    return replace(state, active=False, fresh=False, leaving=leaving), told


def _dead(state: State, fate: Fate) -> State:
    """The app was removed from the account: every grant of it ends."""
    granted: tuple[tuple[int, Fate], ...] = tuple(
        (operation, fate if former == "lives" else former) for operation, former in state.granted
    )
    return replace(state, lives=False, granted=granted)


_MOVES: Final[Mapping[str, Callable[[State, Move], Outcome | None]]] = {
    "grant": _grant,
    "record": _record,
    "overtaken": _overtaken,
    "leave": _leave,
    "uninstall": lambda state, _: (_dead(state, "ended"), None),
    "hint": lambda state, _: (replace(state, hints=state.hints + 1), None),
    "expire": lambda state, _: (replace(state, fresh=False), None),
    "asked": _asked,
    "refused": _refused,
}
