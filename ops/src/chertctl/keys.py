"""`chertctl keys`: rotate the key that seals tokens, and prove that nothing is left under the old ones."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from chertctl import key_rings
from chertctl.auditing import Act
from chertctl.key_rings import KeyRing
from chertctl.outcomes import OperatorError
from chertctl.verbs import AsJson, Desk, DryRun, Reason, Yes, run, verb_app
from contracts.internal import KeyReport

app = verb_app("The keys that seal tokens: where a rotation stands, and rotate.")

LOOK_SECONDS: Final = 1.0

PROOF_SECONDS: Final = 5.0
"""Between the two reports that have to agree: what was sealed right before may still be on its way."""

KeyRingFile = Annotated[Path, typer.Option("--key-ring", help="The file that oauth reads, or what it is made from.")]


@app.command(epilog="Example: chertctl keys status")
def status(as_json: AsJson = False) -> None:
    """Say which keys each process has, which one seals, and how many tokens lie under each."""
    run(show_status, as_json=as_json)


@app.command(epilog="Example: chertctl keys rotate --key-ring key_ring.json --remove-old --reason 'yearly'")
def rotate(
    key_ring: KeyRingFile,
    key_id: Annotated[str | None, typer.Option("--key-id", help="The new key's id; else made from the day.")] = None,
    remove_old: Annotated[bool, typer.Option("--remove-old", help="Take old keys out once they are free.")] = False,
    wait: Annotated[float, typer.Option("--wait", min=1, help="How long to wait for all of it, in seconds.")] = 900.0,
    dry_run: DryRun = False,
    yes: Yes = False,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Add a new key, wait until every process seals with it and nothing lies under another, and prove it.

    Cut off, the same call goes on: a ring whose current key does not seal yet gets no further one.
    """
    rotation = Rotation(key_ring, key_id, remove_old, wait, dry_run, yes, reason)
    run(rotation, as_json=as_json)


async def show_status(desk: Desk) -> None:
    """Show where a rotation stands."""
    report = await _report(desk)
    desk.screen.document(report.model_dump(mode="json"))
    _show(desk, report)


@dataclass(frozen=True)
class Rotation:
    """One rotation, from the file to the proof."""

    file: Path
    key_id: str | None
    remove_old: bool
    wait: float
    dry_run: bool
    yes: bool
    reason: str | None

    async def __call__(self, desk: Desk) -> None:
        """Rotate.

        Raises:
            OperatorError: it did not come to its end in time; the same call goes on.
        """
        ring, before = key_rings.read(self.file), await _report(desk)
        goes_on = ring.current != before.sealing_key
        new = ring.current if goes_on else self._new_id(desk, ring)
        old = sorted({*ring.keys, *before.sealed} - {new})
        _show(desk, before)
        desk.screen.say(f"{'Goes on: ' if goes_on else ''}{new} would seal, and {', '.join(old)} be free.")
        if not desk.screen.decide(f"Rotate to {new}?", dry_run=self.dry_run, yes=self.yes):
            desk.screen.document({"key_id": new, "old": old, "dry_run": True})
            return
        arguments = {"key_id": new}
        async with desk.audit() as audit, audit.act("keys rotate", reason=self.reason, arguments=arguments) as act:
            if not goes_on:
                ring = ring.grown(new, desk.randomness.bytes)
                key_rings.write(self.file, ring)
            proof = await self._proved(desk, new, set(old), act)
            if self.remove_old:
                key_rings.write(self.file, ring.without(set(old)))
            act.result["free"] = len(old)
        removed = old if self.remove_old else []
        desk.screen.document(
            {"key_id": new, "old": old, "removed": removed, "proof": proof.model_dump(mode="json"), "dry_run": False}
        )
        _show(desk, proof)
        desk.screen.say(
            f"Proved twice, {PROOF_SECONDS:.0f} s apart: nothing lies under {', '.join(old) or 'any other key'}, and "
            f"nobody seals with it. {'Removed.' if removed else 'It may leave the ring (--remove-old).'}"
        )

    def _new_id(self, desk: Desk, ring: KeyRing) -> str:
        """An id that no key has."""
        wanted = self.key_id or f"k{desk.clock.now():%Y%m%d}"
        if wanted not in ring.keys:
            return wanted
        return next(name for number in range(2, 1_000) if (name := f"{wanted}-{number}") not in ring.keys)

    async def _proved(self, desk: Desk, new: str, old: set[str], act: Act) -> KeyReport:
        """The second of two reports that agree that the old keys are free."""
        until = desk.clock.monotonic() + self.wait
        with desk.screen.progress("tokens sealed anew") as counter:
            while True:
                report = await _report(desk)
                act.result["tokens"] = report.sealed.get(new, 0)
                counter.reach(act.result["tokens"], sum(report.sealed.values()))
                if _is_over(report, new, old):
                    await desk.clock.sleep(PROOF_SECONDS)
                    again = await _report(desk)
                    if _is_over(again, new, old):
                        return again
                if desk.clock.monotonic() > until:
                    raise OperatorError(f"Not over in {self.wait:.0f} s: {_obstacle(report, new)} Call again to go on.")
                await desk.clock.sleep(LOOK_SECONDS)


async def _report(desk: Desk) -> KeyReport:
    return await desk.services.call("oauth", "GET", "/ops/keys", KeyReport)


def _is_over(report: KeyReport, new: str, old: set[str]) -> bool:
    left = {*old} & {*report.sealed, *(key for one in report.replicas for key in one.keys)}
    return report.sealing_key == new and left <= set(report.free)


def _obstacle(report: KeyReport, new: str) -> str:
    late = [one.id for one in report.replicas if one.wanted_key != new]
    if late:
        return f"{len(late)} processes do not have {new} as their current key: is the file where oauth reads it?"
    if report.sealing_key != new:
        return f"nobody has agreed on {new} yet."
    return f"{sum(count for key, count in report.sealed.items() if key != new)} tokens lie under other keys."


def _show(desk: Desk, report: KeyReport) -> None:
    desk.screen.table(
        ("key", "tokens", "seals", "free"),
        [
            (key, report.sealed.get(key, 0), _yes(key == report.sealing_key), _yes(key in report.free))
            for key in sorted({*report.sealed, *(key for one in report.replicas for key in one.keys)})
        ],
    )  # fmt: skip
    desk.screen.table(
        ("process", "keys", "current in its ring", "seals with"),
        [(one.id, ", ".join(one.keys), one.wanted_key, one.sealing_key) for one in report.replicas],
    )


def _yes(true: bool) -> str:
    return "yes" if true else ""
