"""The service and HubSpot in a few lines of memory, right or with a mistake: what the machine itself is tried on."""

import itertools
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from _install_model import NOTHING, Begun, Ended, Move, Seen, Told, Variant, explain
from _install_operations import Moment, Op, Point

Mistake = Literal["none", "ignores the revision", "trusts a hint", "forgets what it told", "binds anew"]
Doing: TypeAlias = Generator[Point, None, Variant]
"""An operation that stops at each point, and ends with what it came to."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the service has stored of the account."""

    active: bool = False
    generation: int = 0
    project: str = ""
    grant: int = 0
    fresh: bool = False
    disconnected: bool = False


@dataclass
class ToyPlay:
    """One account of a service that is right, but for one mistake."""

    mistake: Mistake = "none"
    history: list[Begun | Ended] = field(default_factory=list)
    _told: list[Told] = field(default_factory=list)
    _stored: Stored = field(default_factory=Stored)
    _living: set[int] = field(default_factory=set)
    _tabs: dict[int, str] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _under_way: dict[int, tuple[int, Doing]] = field(default_factory=dict)
    _leaving: bool = False
    _point: Point | None = None
    _failing: bool = False

    def do(self, op: Op) -> None:
        """Take an operation as far as it goes."""
        number = self._begin(op)
        self._go_on(number)
        self._failing = False

    def expire(self) -> None:
        """Every access token expires."""
        self._stored = _with(self._stored, fresh=False)
        number = next(self._numbers)
        self.history += [Begun(number, ((Move("expire"),),)), Ended(number)]

    def fail(self, fault: str) -> None:
        """The next call for a token fails, in whatever way."""
        self._failing = True

    def hold(self, point: Point) -> None:
        """Stop the next operation that comes to a point."""
        self._point = point

    def let_go(self) -> None:
        """Take every operation to its end."""
        self._point = None
        for number in list(self._under_way):
            self._go_on(number)

    def kill(self, op: Op, moment: Moment) -> bool:
        """Forget an operation at a point; by the clock, it has always ended before."""
        self._point = moment if isinstance(moment, str) else None
        number = self._begin(op)
        self._go_on(number)
        self._point = None
        place, _ = self._under_way.pop(number, (None, None))
        if place is not None:
            self._ended(number, place, NOTHING if op.name != "disconnect" else (Move("leave"),))
        return place is not None

    def unexplained(self, *, asked: bool) -> str | None:
        """The account's story, if the model cannot explain it."""
        self.let_go()
        self.expire()
        if asked:
            self.do(Op("ask"))
        if self._leaving:
            self._tell_hubspot()
        stored = self._stored
        status = "active" if stored.active else "inactive"
        seen = Seen(status, stored.generation, stored.project) if stored.generation else Seen("unknown")
        return (
            None if explain(self.history, self._told, seen) else f"cannot be explained: told {self._told}, seen {seen}"
        )

    def _begin(self, op: Op) -> int:
        number = next(self._numbers)
        self._under_way[number] = (len(self.history), _OPERATIONS[op.name](self, op, number))
        self.history.append(Begun(number, ()))
        return number

    def _go_on(self, number: int) -> None:
        place, doing = self._under_way[number]
        try:
            while next(doing) != self._point:
                pass
        except StopIteration as end:
            del self._under_way[number]
            self._ended(number, place, end.value)
        else:
            self._point = None

    def _ended(self, number: int, place: int, came_to: Variant) -> None:
        self.history[place] = Begun(number, (came_to,))
        self.history.append(Ended(number))

    def _install(self, op: Op, number: int) -> Doing:
        self._tabs[op.tab] = op.project
        return (yield from self._come_back(op, number))

    def _open_tab(self, op: Op, _: int) -> Doing:
        self._tabs[op.tab] = op.project
        yield from ()
        return NOTHING

    def _come_back(self, op: Op, number: int) -> Doing:
        project, read_before = self._tabs.pop(op.tab), self._stored
        yield "token asked"
        if self._failing:
            return NOTHING
        self._living.add(number)
        yield "token given"
        former = read_before if self.mistake == "ignores the revision" else self._stored
        connected_since = former.active and former.grant != read_before.grant
        if (former.disconnected or connected_since) and number not in self._living:
            return (Move("grant", number), Move("overtaken", number))
        stays = former.active and former.project != project and self.mistake != "binds anew"
        generation = former.generation + (not former.active)
        bound = former.project if former.active and self.mistake != "binds anew" else project
        self._stored, self._leaving = Stored(True, generation, bound, number, fresh=True), False
        self._told.append(Told("installed", generation, bound))
        return (Move("grant", number), Move("record", number, project, stays))

    def _reload(self, _: Op, _number: int) -> Doing:
        """Its state was consumed."""
        yield from ()
        return NOTHING

    def _disconnect(self, _: Op, _number: int) -> Doing:
        if self._stored.active:
            self._end("disconnected")
        yield "uninstall asked"
        if self._leaving:
            self._tell_hubspot()
        yield "uninstall done"
        return (Move("leave"),)

    def _ask(self, _: Op, _number: int) -> Doing:
        if self._stored.active and not self._stored.fresh:
            yield "token asked"
            if self._failing:
                return NOTHING
        if self._stored.active and not self._stored.fresh and self._stored.grant not in self._living:
            self._end("grant_revoked")
        if not self._stored.active:
            return (Move("refused"),)
        self._stored = _with(self._stored, fresh=True)
        yield "token given"
        return (Move("asked"),)

    def _uninstall(self, op: Op, _: int) -> Doing:
        yield from ()
        if not self._living:
            return NOTHING
        self._living.clear()
        for _notice in range(op.notices):
            self._settle()
        return (Move("uninstall"), *[Move("hint")] * op.notices)

    def _hint(self, _: Op, _number: int) -> Doing:
        yield from ()
        self._settle()
        return (Move("hint"),)

    def _settle(self) -> None:
        """A notice is a hint, and HubSpot's word decides."""
        if self._stored.active and (self.mistake == "trusts a hint" or self._stored.grant not in self._living):
            self._end("app_uninstalled")

    def _end(self, reason: str) -> None:
        stored = self._stored
        self._leaving = reason == "disconnected"
        self._stored = _with(stored, active=False, fresh=False, disconnected=self._leaving)
        if not (self.mistake == "forgets what it told" and reason == "grant_revoked"):
            self._told.append(Told("uninstalled", stored.generation, stored.project, reason))

    def _tell_hubspot(self) -> None:
        self._leaving = False
        self._living.clear()


def _with(stored: Stored, *, fresh: bool, active: bool | None = None, disconnected: bool | None = None) -> Stored:
    return Stored(
        stored.active if active is None else active,
        stored.generation,
        stored.project,
        stored.grant,
        fresh,
        stored.disconnected if disconnected is None else disconnected,
    )


_OPERATIONS: Final[Mapping[str, Callable[[ToyPlay, Op, int], Doing]]] = {
    "install": ToyPlay._install,
    "open_tab": ToyPlay._open_tab,
    "come_back": ToyPlay._come_back,
    "reload": ToyPlay._reload,
    "ask": ToyPlay._ask,
    "disconnect": ToyPlay._disconnect,
    "uninstall": ToyPlay._uninstall,
    "hint": ToyPlay._hint,
}
