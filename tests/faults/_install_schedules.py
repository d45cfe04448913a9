"""Random schedules of what happens to an account, and of the trouble around it; a seed repeats each."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Final, Literal, TypeAlias

OpName = Literal["install", "begin", "finish", "repeat", "disconnect", "uninstall", "hint", "ask"]
Notice = Literal["now", "late", "doubled", "lost"]

SHORTEST: Final = 5
LONGEST: Final = 11
TOGETHER: Final = 0.3
"""How often two operations run at the same time."""
JUMP: Final = 0.2
"""How often all access tokens expire before a step."""
TROUBLE: Final = 0.2
"""How often HubSpot's token routes fail during a step."""
PROBED: Final = 0.5
"""How many schedules end with a call for an access token, which finds what nobody was told."""

_WEIGHTS: Final[dict[OpName, int]] = {
    "install": 8,
    "begin": 2,
    "finish": 2,
    "repeat": 1,
    "disconnect": 4,
    "uninstall": 4,
    "hint": 2,
    "ask": 5,
}
_NOTICES: Final[tuple[Notice, ...]] = ("now", "late", "doubled", "lost")
_PROJECTS: Final = ("a", "a", "b")


@dataclass(frozen=True, slots=True)
class Op:
    """One operation.

    Attributes:
        name: what is done. `begin` opens a tab, `finish` goes on in it, however late; `repeat` reloads a callback.
        project: for which project an install is begun.
        replica: which process is asked, as a number that the run takes modulo its processes.
        told: whether an uninstall is followed by its notice at once.
    """

    name: OpName
    project: str = "a"
    replica: int = 0
    told: bool = False


Steps: TypeAlias = tuple[tuple[Op, ...], ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """What happens to one account: steps of operations done together, and whether a token is asked for at the end."""

    steps: Steps
    probed: bool

    def smaller(self) -> Iterator["Schedule"]:
        """Every schedule with one operation less."""
        for number, step in enumerate(self.steps):
            for left_out in range(len(step)):
                kept = step[:left_out] + step[left_out + 1 :]
                middle = (kept,) if kept else ()
                yield replace(self, steps=(*self.steps[:number], *middle, *self.steps[number + 1 :]))


@dataclass(frozen=True, slots=True)
class Weather:
    """What surrounds one step of all accounts: tokens expire before it, HubSpot fails or a process is killed in it."""

    jump: bool = False
    fault: str | None = None
    kill: bool = False


def schedule(random: Random) -> Schedule:
    """A schedule; notices of uninstalls come at once, steps later, twice, or never."""
    steps = [_step(random) for _ in range(random.randint(SHORTEST, LONGEST))]
    for number in range(len(steps)):
        uninstalls = [op for op in steps[number] if op.name == "uninstall"]
        for _ in uninstalls:
            notice = random.choice(_NOTICES)
            if notice in {"now", "doubled"}:
                steps[number] = [replace(op, told=True) if op.name == "uninstall" else op for op in steps[number]]
            if notice in {"late", "doubled"}:
                steps[random.randrange(number, len(steps))].append(Op("hint"))
    return Schedule(tuple(tuple(step) for step in steps), probed=random.random() < PROBED)


def weather(random: Random, steps: int, faults: tuple[str, ...], kills: int) -> list[Weather]:
    """The surroundings of so many steps, with so many kills among them."""
    killed = set(random.sample(range(1, steps), k=kills))
    return [
        Weather(
            jump=random.random() < JUMP,
            fault=random.choice(faults) if random.random() < TROUBLE else None,
            kill=number in killed,
        )
        for number in range(steps)
    ]


def _step(random: Random) -> list[Op]:
    count = 2 if random.random() < TOGETHER else 1
    names = random.choices(list(_WEIGHTS), weights=list(_WEIGHTS.values()), k=count)
    return [Op(name, random.choice(_PROJECTS), random.randrange(2)) for name in names]
