"""What happens in the run over the whole system, and when: a pure function of a seed and a scale.

Work (what users, leads and admins do) and trouble (what befalls the machines, the network and the time) are drawn from
one seed and written to a file before anything starts, so that a failure can be played again, and a part of it alone.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Final, Self

from harness.addresses import SERVICES
from harness.reports import Scale

WORK: Final[dict[str, int]] = {
    "workflow": 30,
    "card": 12,
    "creation": 8,
    "reply": 30,
    "repeat": 8,
    "stop": 3,
    "settings": 4,
    "move": 5,
}
"""What people do, and how often, of a hundred. `repeat` is the same call or delivery again; `move` is a disconnect, an
uninstall or a reinstall."""

REPLICAS: Final = tuple(f"{service}/{number}" for service in SERVICES for number in (1, 2))
SIMULATORS: Final = ("hubspot", "chert")
BACKENDS: Final = ("kafka", "database")
ANSWERS: Final = ("error", "broken", "late", "limited")
"""How an answer of a simulator is spoiled: a 5xx, a broken connection, one whose work was done, a 429."""
HOSTILE: Final = ("forged", "nonsense", "poison", "slow_client")
SKEWED: Final = ("oauth/2", "webhooks/1", "timeline/1")
"""Processes whose own clock goes wrong for a while. With a wrong one `actions` refuses calls: see `clock_jumps`."""
MOST_SKEW_SECONDS: Final = 600.0
CALM: Final = 0.06
"""Which part at the beginning, and at the end, has no trouble."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of everything.

    Attributes:
        accounts: HubSpot accounts, each of a project of its own.
        leads: contacts of each account that are written to and write.
        seconds: how long work and trouble go on.
        each_second: how much work is due in a second.
        troubles: how often every kind of trouble befalls every target.
        witnesses: whether each service has a third process that nothing befalls, so that growth can be told.
    """

    accounts: int
    leads: int
    seconds: float
    each_second: float
    troubles: int
    witnesses: bool = False


EXTENTS: Final = {
    Scale.QUICK: Extent(accounts=200, leads=4, seconds=240.0, each_second=4.0, troubles=1),
    Scale.FULL: Extent(accounts=200, leads=10, seconds=3_600.0, each_second=8.0, troubles=10, witnesses=True),
}


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that happens.

    Attributes:
        at: when, in seconds from the beginning.
        kind: what.
        target: which process, simulator, backend, or variant.
        seconds: how long it lasts, or how far the clock jumps.
        account: whose work it is.
        lead: which of the account's leads.
        serial: numbers the acts, so that each makes something that no other makes.
    """

    at: float
    kind: str
    target: str = ""
    seconds: float = 0.0
    account: int = 0
    lead: int = 0
    serial: int = 0


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything that happens in a run, in the order in which it is due."""

    seed: int
    scale: Scale
    extent: Extent
    work: Sequence[Act]
    trouble: Sequence[Act]

    def between(self, begin: float, end: float) -> Self:
        """What of it is due from a moment to another."""
        return replace(self, work=_within(self.work, begin, end), trouble=_within(self.trouble, begin, end))

    @property
    def first(self) -> float:
        """When the first of it is due."""
        return min((act.at for act in (*self.work, *self.trouble)), default=0.0)

    def write(self, path: Path) -> None:
        """Write it to a file, the same bytes for the same schedule."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    def counts(self) -> Counter[str]:
        """How often each kind of trouble is due."""
        return Counter(act.kind for act in self.trouble)


def schedule(seed: int, scale: Scale) -> Schedule:
    """The schedule of a seed and a scale."""
    return draw(seed, scale, EXTENTS[scale])


def draw(seed: int, scale: Scale, extent: Extent) -> Schedule:
    """The schedule of a seed that is so large."""
    random = Random(seed)  # noqa: S311 - a repeatable choice, no secret
    return Schedule(seed, scale, extent, _work(random, extent), _trouble(random, extent))


def _within(acts: Iterable[Act], begin: float, end: float) -> tuple[Act, ...]:
    return tuple(act for act in acts if begin <= act.at < end)


def _work(random: Random, extent: Extent) -> tuple[Act, ...]:
    kinds = random.choices(list(WORK), weights=list(WORK.values()), k=int(extent.seconds * extent.each_second))
    moments = sorted(round(random.uniform(0.0, extent.seconds), 3) for _ in kinds)
    return tuple(
        Act(
            at=at,
            kind=kind,
            account=random.randrange(extent.accounts),
            lead=random.randrange(extent.leads),
            serial=serial,
        )
        for serial, (at, kind) in enumerate(zip(moments, kinds, strict=True))
    )


def _trouble(random: Random, extent: Extent) -> tuple[Act, ...]:
    """Every kind with every target so often, in random order, evenly spread: rarely two at once, never two of all."""
    due = [pair for _ in range(extent.troubles) for pair in _PAIRS]
    random.shuffle(due)
    begin, end = extent.seconds * CALM, extent.seconds * (1 - 2 * CALM)
    step = (end - begin) / len(due)
    return tuple(
        Act(
            at=round(begin + step * (number + random.random()), 3),
            kind=kind,
            target=target,
            seconds=_lasts(kind, random),
            serial=number,
        )
        for number, (kind, target) in enumerate(due)
    )


def _lasts(kind: str, random: Random) -> float:
    low, high = _LASTS.get(kind, (1.0, 6.0))
    return round(random.uniform(low, high), 3)


_LASTS: Final = {
    "freeze": (3.0, 12.0),
    "slow": (4.0, 12.0),
    "skew": (4.0, 12.0),
    "jump": (30.0, 900.0),
}

_PAIRS: Final[tuple[tuple[str, str], ...]] = (
    *(("kill", replica) for replica in REPLICAS),
    *(("freeze", f"{service}/{number}") for service, number in zip(SERVICES, (2, 1, 2, 1), strict=True)),
    *(("restart", f"{service}/{number}") for service, number in zip(SERVICES, (1, 2, 1, 2), strict=True)),
    *(("kill", backend) for backend in BACKENDS),
    *(("freeze", backend) for backend in BACKENDS),
    *(("slow", simulator) for simulator in SIMULATORS),
    *(("answers", f"{simulator}/{how}") for simulator in SIMULATORS for how in ANSWERS),
    *(("hostile", how) for how in HOSTILE),
    ("jump", "everybody"),
    *(("skew", replica) for replica in SKEWED),
    ("newer", "contact.restored"),
    *(("older", replica) for replica in ("oauth/2", "actions/1", "timeline/2")),
    ("rotate", "keys"),
    ("replay", "message.received"),
)
"""Every kind of trouble with each of its targets."""
