"""What stood still in the run over the whole system, for how long, and which trouble explains it.

A partition stands still while records lie in it and its group commits none of them; a reply is late while it lies in
the topic and on no timeline. Each such time is laid beside the trouble that befell whoever works on it, with what it
takes to recover from that; what nothing covers has no excuse.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

STALL_SECONDS: Final = 5.0
"""What is a stall: on two busy cores starting a process takes others as long."""
RECOVERY_SECONDS: Final = 5.0
"""How long after trouble has ended a partition may stand still: everybody is back, members join, records are read."""
ASKING_SECONDS: Final = 10.0
"""How long a reply may be late then: whoever was asked in vain is asked again after a while."""
DOUBT_SECONDS: Final = 75.0
"""For how long HubSpot may still carry out a create that it did not answer, and how soon that is looked at."""
HARM: Final = frozenset({"kill", "freeze", "restart", "older", "slow", "answers", "jump"})
"""Trouble that lets something stand still; any other must not."""
BESIDE: Final[Mapping[str, frozenset[str]]] = {
    "timeline": frozenset({"oauth", "hubspot", "everybody"}),
}
"""Whom the work of a group asks, besides Kafka and the database; when everybody's time jumps, tokens end."""
BACKENDS: Final = frozenset({"kafka", "database"})


@dataclass(frozen=True, slots=True)
class Window:
    """Trouble that befell a target, from one moment of the monotonic clock to another."""

    kind: str
    target: str
    begin: float
    end: float

    def concerns(self, stall: "Stall") -> bool:
        """Whether it can be why this stood still."""
        who = self.target.partition("/")[0]
        near = BACKENDS | {stall.group} | (BESIDE.get(stall.group, frozenset()) if stall.asks else frozenset())
        return self.kind in HARM and who in near


@dataclass(frozen=True, slots=True)
class Stall:
    """Something that stood still.

    Attributes:
        group: whose work it is.
        what: a partition, or a reply.
        begin: since when, by the monotonic clock.
        end: until when.
        asks: whether others have to be asked for it to move on.
        at: the offset at which a partition stood.
    """

    group: str
    what: str
    begin: float
    end: float
    asks: bool = False
    at: int | None = None

    @property
    def seconds(self) -> float:
        """How long."""
        return self.end - self.begin


@dataclass
class Stillness:
    """What was seen of every partition that a group has.

    Attributes:
        stalls: what stood still.
        lags: how many records lay before each group, by moments of the monotonic clock.
        looks: how often it was looked.
        blind: the longest time without a look, in seconds.
    """

    stalls: list[Stall] = field(default_factory=list)
    lags: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    looks: int = 0
    blind: float = 0.0
    _looked: float | None = None
    _committed: dict[tuple[str, str], int] = field(default_factory=dict)
    _since: dict[tuple[str, str], float] = field(default_factory=dict)

    def see(self, group: str, positions: Mapping[str, tuple[int, int]], now: float) -> None:
        """Take in how far a group is: by partition what it has committed, and where the partition ends."""
        self.looks += 1
        self._look(now)
        self.lags[group].append((now, sum(max(0, end - committed) for committed, end in positions.values())))
        for partition, (committed, end) in positions.items():
            place = group, partition
            if committed >= end or self._committed.get(place) != committed:
                self._moved(place, now)
            if committed < end:
                self._since.setdefault(place, now)
            self._committed[place] = committed

    def close(self, now: float) -> None:
        """What stands still now did so until now."""
        self._look(now)
        for place in list(self._since):
            self._moved(place, now)

    def _look(self, now: float) -> None:
        self.blind = max(self.blind, now - (now if self._looked is None else self._looked))
        self._looked = now

    def _moved(self, place: tuple[str, str], now: float) -> None:
        since = self._since.pop(place, now)
        if now - since > STALL_SECONDS:
            self.stalls.append(Stall(*place, since, now, at=self._committed[place]))


def late(said: Mapping[str, float], written: Mapping[str, float], doubted: Mapping[str, float]) -> list[Stall]:
    """Replies that lay in the topic for too long before they were on a timeline, by when each was here and there.

    One whose write ended without an answer has to wait until HubSpot cannot carry it out any more: that time is no
    stall, what lies before it and after it is.
    """
    parts = []
    for key, at in said.items():
        if key in written:
            end = written[key]
            begin = min(doubted.get(key, at), end)
            parts += [(at, begin), (begin + (DOUBT_SECONDS if key in doubted else 0.0), end)]
    return [Stall("timeline", "a reply", *part, asks=True) for part in parts if part[1] - part[0] > STALL_SECONDS]


def explanations(stall: Stall, windows: Iterable[Window]) -> list[Window]:
    """The trouble that can be why, in the order in which it began."""
    found = [
        one for one in windows if one.concerns(stall) and one.begin < stall.end and _until(one, stall) > stall.begin
    ]
    return sorted(found, key=lambda one: one.begin)


def unexplained(stall: Stall, windows: Sequence[Window]) -> float:
    """The longest part of a stall, in seconds, for which no trouble is an explanation."""
    longest, reached = 0.0, stall.begin
    for window in explanations(stall, windows):
        longest = max(longest, window.begin - reached)
        reached = max(reached, _until(window, stall))
    return max(longest, stall.end - reached)


def without_excuse(stalls: Iterable[Stall], windows: Sequence[Window]) -> list[Stall]:
    """Stalls of which so much is left without an explanation that it would be one by itself."""
    return [stall for stall in stalls if unexplained(stall, windows) > STALL_SECONDS]


def keep_stalls(path: Path, stalls: Iterable[Stall], windows: Sequence[Window], began: float) -> None:
    """Each stall beside what explains it, in seconds from the beginning, for whoever looks for a cause."""
    content = [
        {
            **asdict(stall),
            "begin": round(stall.begin - began, 1),
            "end": round(stall.end - began, 1),
            "unexplained": round(unexplained(stall, windows), 1),
            "because": [
                f"{one.kind} {one.target} {one.begin - began:.1f} to {one.end - began:.1f}"
                for one in explanations(stall, windows)
            ],
        }
        for stall in sorted(stalls, key=lambda one: one.begin)
    ]
    path.write_text(json.dumps(content, indent=1) + "\n")


def _until(window: Window, stall: Stall) -> float:
    return window.end + (ASKING_SECONDS if stall.asks else RECOVERY_SECONDS)
