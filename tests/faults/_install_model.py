"""What may become of one account: a small model of connecting and leaving, and a search for a history that explains.

The model says which moves are legal in which state and what each must tell. Operations overlap as they were begun and
ended, and some moves happen unseen (a hint is noted, a doubt settled, HubSpot is told of a disconnect), so a run is
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
        stale: whether the access token that an install recorded had expired before that.
    """

    name: Literal["grant", "record", "overtaken", "leave", "uninstall", "hint", "expire", "asked", "refused"]
    operation: int = 0
    project: str = ""
    stays: bool | None = None
    stale: bool = False


Variant: TypeAlias = tuple[Move, ...]
"""The moves of one operation, in their order."""
Outcome: TypeAlias = tuple[State, Told | None]


@dataclass(frozen=True, slots=True)
class Begun:
    """An operation begins: what it may have come to, which is one variant if its answer is known."""

    operation: int
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """An operation has ended: all of it has happened."""

    operation: int


History: TypeAlias = Sequence[Begun | Ended]
"""Operations in the order in which they began and ended; one that never ended may still come to pass."""

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


def explain(history: History, told: Sequence[Told], seen: Seen) -> bool:
    """Whether some order of moves tells exactly these events and ends, with nothing left to do, as was seen."""
    start: _Position = (0, (), 0, State())
    waiting, known = [start], {start}
    while waiting:
        position = waiting.pop()
        place, queues, count, state = position
        if (place, queues, count) == (len(history), (), len(told)) and state.settled and state.seen == seen:
            return True
        for following in _following(history, told, position):
            if following not in known:
                known.add(following)
                waiting.append(following)
    return False


_Queues: TypeAlias = tuple[tuple[int, Variant], ...]
"""The moves that operations under way have still to make, by operation."""
_Position: TypeAlias = tuple[int, _Queues, int, State]


def _following(history: History, told: Sequence[Told], position: _Position) -> Iterator[_Position]:
    """Every position that one more move, or one more entry of the history, leads to.

    What begins is let begin at once: that forbids no order of moves, and leaves fewer positions to look at.
    """
    place, queues, count, state = position
    if place < len(history):
        yield from ((place + 1, after_it, count, state) for after_it in _entered(history[place], queues))
        if isinstance(history[place], Begun):
            return
    for index, (operation, moves) in enumerate(queues):
        left = ((operation, moves[1:]),) if moves[1:] else ()
        rest = (*queues[:index], *left, *queues[index + 1 :])
        yield from ((place, rest, *end) for end in _told(after(state, moves[0]), told, count))
    for name in UNSEEN:
        yield from ((place, queues, *end) for end in _told(unseen(state, name), told, count))


def _entered(entry: Begun | Ended, queues: _Queues) -> list[_Queues]:
    """What may be under way after an entry; nothing if an operation ended that has not done all of it."""
    if isinstance(entry, Begun):
        return [(*queues, (entry.operation, variant)) if variant else queues for variant in entry.variants]
    return [] if any(operation == entry.operation for operation, _ in queues) else [queues]


def _told(outcome: Outcome | None, told: Sequence[Told], count: int) -> list[tuple[int, State]]:
    """Where a move leads, if what it tells is what was told next."""
    if outcome is None:
        return []
    state, event = outcome
    if event is None:
        return [(count, state)]
    return [(count + 1, state)] if count < len(told) and told[count] == event else []


def _grant(state: State, move: Move) -> Outcome:
    return replace(state, granted=tuple(sorted((*state.granted, (move.operation, "lives"))))), None


def _record(state: State, move: Move) -> Outcome | None:
    """Tokens rotate under an active account; any other begins a generation in the project it is installed for.

    A grant that lives never gives way to one that is dead.
    """
    stays = state.active and state.project != move.project
    fate = dict(state.granted)[move.operation]
    harms = state.active and state.lives and fate != "lives"
    if move.stays not in {None, stays} or fate == "overtaken" or harms:
        return None
    connected = replace(
        state,
        active=True,
        generation=state.generation + (not state.active),
        project=state.project if state.active else move.project,
        lives=fate == "lives",
        fresh=not move.stale,
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
