"""What a run over the whole system came to: its figures, files beside the schedule, how to play a miss again."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from _whole_audit import Findings
from _whole_books import Books
from _whole_crossing import Crossings
from _whole_erasing import Erased
from _whole_people import People
from _whole_requests import FIVE, properties_read, unknown_paths, unused_scopes
from _whole_schedule import Schedule
from _whole_soak import hourly
from _whole_stalls import STALL_SECONDS, Stall, keep_stalls, without_excuse
from _whole_trouble import Trouble
from _whole_watching import Watch

from harness.addresses import SERVICES
from harness.reports import Report

STEADY: Final = {"memory": 16.0, "files": 10.0, "connections": 10.0}
"""What a process that lived through an hour may have grown by in it: MiB, and numbers."""
BLIND_SECONDS: Final = 60.0
"""The longest time for which nobody may have looked: as long as Kafka is away at the most, on a busy machine."""
LAG: Final = 100.0
"""By how many records a group may have fallen behind in an hour."""
PACE: Final = 1.5
"""How much more of the database an act may take in the second half than in the first."""
WINDOW_SECONDS: Final = 40.0
"""How far around the first miss the command for it reaches."""
TOLD: Final = 20


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """All that is known when it is over.

    Attributes:
        failures: what somebody could not do, in words.
        drained: how long it took until nothing was open, in seconds.
        most_drained: how long it may take.
        traces: calls with spans that came.
        leaked: secrets, numbers and texts where they must not be, in words.
    """

    drawn: Schedule
    people: People
    trouble: Trouble
    watch: Watch
    failures: Sequence[str]
    drained: float
    most_drained: float
    crossings: Crossings
    books: Books
    found: Findings
    erased: Erased
    traces: int
    leaked: Sequence[str]
    stalls: Sequence[Stall]

    @property
    def strange(self) -> Sequence[Stall]:
        """What stood still, and nothing explains it."""
        return without_excuse(self.stalls, self.trouble.windows)

    def keep(self, folder: Path) -> None:
        """The books and what was found in them, and what stood still, for whoever looks for a cause."""
        found, books = asdict(self.found), asdict(self.books)
        content = {"found": found, "failures": self.failures, "leaked": self.leaked, "books": books}
        (folder / "books.json").write_text(json.dumps(content, indent=1) + "\n")
        keep_stalls(folder / "stalls.json", self.stalls, self.trouble.windows, self.watch.began)

    def add_to(self, report: Report) -> None:
        """Every figure."""
        self._add_books(report)
        self._add_secrecy(report)
        report.add("W.acts_failed", len(self.failures), _words(self.failures), "== 0")
        report.add("W.drained_s", self.drained, "s until nothing was open", f"<= {self.most_drained:g}")
        self._add_requests(report)
        self._add_stalls(report)
        self._add_growth(report)

    def tell(self, folder: Path, say: Callable[[str], None]) -> None:
        """The misses, and how to play the time around the first again."""
        began = self.watch.began - self.drawn.first
        strange = [(one.begin - began, f"{one.group}: {one.what} stands still") for one in self.strange]
        misses = sorted([*self.found.all, *strange])
        for at, words in misses[:TOLD]:
            say(f"{at:8.1f} s  {words}")
        for words in self.leaked[:TOLD]:
            say(words)
        at = next((at for at, _ in misses if at), 0.0)
        command = f"make faults NAME=whole SCALE={self.drawn.scale} SEED={self.drawn.seed}"
        window = f"FROM={max(0.0, at - WINDOW_SECONDS):.0f} TO={at + WINDOW_SECONDS:.0f}"
        say(f"\nSeed {self.drawn.seed}, schedule and books in {folder}")
        say(f"Around the first miss: {command} {window}")

    def _add_books(self, report: Report) -> None:
        """How much was done and befell, and what does not balance."""
        found, least = self.found, max(1, len(self.drawn.work) // 2)
        done = len(self.people.wanted) + len(self.people.said)
        report.add("W.accounts", len(self.people.accounts), "accounts", f">= {self.drawn.extent.accounts}")
        report.add("W.events", done, "sends and replies", f">= {least}")
        report.add("W.effects", found.effects, "sends, replies and installs that stand", f">= {least}")
        for kind, count in sorted(self.people.done.items()):
            report.add(f"W.done.{kind}", count, "acts")
        for kind, count in sorted(self.drawn.counts().items()):
            report.add(f"W.befell.{kind}", self.trouble.befell.get(kind, 0), "times", f">= {count}")
        kinds = (
            ("lost", found.lost),
            ("doubled", found.doubled),
            ("crossings", found.crossed),
            ("disordered", found.disordered),
        )
        for name, misses in kinds:
            report.add(f"W.{name}", len(misses), _words([words for _, words in misses]), "== 0")
        report.add("W.doubted", len(found.doubted), _words([words for _, words in found.doubted]))
        stranger = self.trouble.stranger
        report.add("W.hostile", stranger.answers.total(), "knocks of a stranger")
        report.add("W.hostile_accepted", len(stranger.accepted), _words(stranger.accepted), "== 0")
        report.add("W.hostile_errors", stranger.server_errors, "answers that are bugs", "== 0")

    def _add_secrecy(self, report: Report) -> None:
        """What anybody saw who must not."""
        crossings, erased = self.crossings, self.erased
        report.add("W.doors_tried", crossings.tried, "doors of other accounts", ">= 1")
        report.add("W.doors_opened", len(crossings.opened), _words(crossings.opened), "== 0")
        report.add("W.doors_shut", len(crossings.shut), f"for their owners {_words(crossings.shut)}", "== 0")
        report.add("W.erased", erased.people, f"people, {erased.texts_before} places with their texts", ">= 1")
        report.add("W.content_left", len(erased.left), _words(erased.left), "== 0")
        report.add("W.traces", self.traces, "calls with spans", ">= 1")
        report.add("W.secrets_found", len(self.leaked), _words(self.leaked), "== 0")

    def _add_requests(self, report: Report) -> None:
        """What HubSpot was asked, and what of it may not be."""
        requests = self.watch.seen
        sixth, unused, unknown = properties_read(requests) - FIVE, unused_scopes(requests), unknown_paths(requests)
        report.add("W.requests", len(requests), "calls that HubSpot got", ">= 1")
        report.add("W.other_properties", len(sixth), _words(sorted(sixth)), "== 0")
        report.add("W.unused_scopes", len(unused), _words(unused), "== 0")
        report.add("W.unknown_paths", len(unknown), _words(unknown), "== 0")

    def _add_stalls(self, report: Report) -> None:
        """What stood still, and what of it nothing explains."""
        strange = self.strange
        report.add("W.glances", self.watch.stillness.looks, "looks at how far a group is", ">= 1")
        report.add("W.blind_s", self.watch.stillness.blind, "s without a look at the most", f"<= {BLIND_SECONDS:g}")
        for name, asks in (("stalls", False), ("late", True)):
            chosen = [one for one in self.stalls if one.asks is asks]
            longest = max((one.seconds for one in chosen), default=0.0)
            report.add(f"W.{name}", len(chosen), f"longer than {STALL_SECONDS:g} s, the longest {longest:.1f} s")
        first = "; ".join(
            f"{one.what} at {one.begin - self.watch.began:.0f} s for {one.seconds:.0f} s" for one in strange[:2]
        )
        report.add("W.unexplained", len(strange), f"stalls without a cause {first}"[:200], "== 0")

    def _add_growth(self, report: Report) -> None:
        """By how much everything grew in an hour; what was there all the time is held to be flat."""
        extent, watch = self.drawn.extent, self.watch
        for growth in watch.soak.growth():
            ours = growth.name.startswith(SERVICES)
            steady = ours and extent.witnesses and growth.seconds >= extent.seconds / 2
            for what, most in STEADY.items() if ours else [("memory", 0.0)]:
                told = f"an hour, by {growth.seconds:.0f} s"
                report.add(f"W.{what}.{growth.name}", getattr(growth, what), told, f"<= {most:g}" if steady else None)
        for group, seen in sorted(watch.stillness.lags.items()):
            told = f"records an hour, {max((count for _, count in seen), default=0)} at the most"
            report.add(f"W.lag.{group}", hourly(seen), told, f"<= {LAG:g}" if extent.witnesses else None)
        report.add(
            "W.database_kib", watch.weight.gained / max(1, self.found.effects), "KiB that each effect leaves behind"
        )
        reach = f"<= {PACE:g}" if extent.witnesses else None
        report.add("W.database_pace", watch.weight.pace, "of the second half to the first", reach)


def _words(what: Sequence[str]) -> str:
    return "; ".join(what[:2])[:200]
