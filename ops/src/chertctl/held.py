"""`chertctl held`: what services keep aside of owners whose messages keep dying; list it, and release it."""

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from chertctl.auditing import Act
from chertctl.outcomes import AwayError, OperatorError
from chertctl.settings import ServiceName, service_named
from chertctl.verbs import AsJson, Desk, DryRun, SendsConfirmed, WithSends, Yes, run, verb_app
from contracts.held import HeldAnswer, HeldLane, HeldRelease, HeldReleased

app = verb_app("Held messages: list what is kept aside of whom, and release it.")

GROUPS: Final[tuple[ServiceName, ...]] = ("oauth", "actions", "timeline")
"""The services that consume."""

QUIET_SECONDS: Final = 35.0
"""How long nothing more may come to be held before a release is over: consumers look every 30 s who is held."""

LOOK_SECONDS: Final = 5.0

Group = Annotated[str | None, typer.Option("--group", "-g", help="Only of this group.")]
Because = Annotated[str, typer.Option("--reason", help="Why; kept in the audit.")]

_COLUMNS: Final = ("group", "topic", "partition", "owner", "messages", "held since")


@app.command(name="list", epilog="Example: chertctl held list --group timeline")
def list_held(group: Group = None, as_json: AsJson = False) -> None:
    """List what is held by owner and partition, the longest held first."""
    run(lambda desk: show_held(desk, group), as_json=as_json)


@app.command(epilog="Example: chertctl held release acme --group timeline --reason 'mended in 1.4'")
def release(
    owner: Annotated[str, typer.Argument(help="Whose: an account or a Chert tenant, as the list says.")],
    reason: Because,
    group: Group = None,
    with_sends: WithSends = False,
    sends_confirmed: SendsConfirmed = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Work through what is held of an owner, in order, and let the owner's messages flow again.

    What still cannot be handled becomes a dead letter. Cut off, the same call goes on.
    """
    run(Release(owner, reason, group, with_sends, sends_confirmed, dry_run, yes), as_json=as_json)


async def show_held(desk: Desk, group: str | None) -> None:
    """List what is held.

    Raises:
        OperatorError: not everybody could be asked.
    """
    held, silent = await _held(desk, group)
    lanes = [{"group": name, **lane.model_dump(mode="json")} for name, lane in held]
    desk.screen.document({"lanes": lanes, "silent": silent})
    if not (lanes or silent):
        desk.screen.say("Nothing is held.")
        return
    desk.screen.table(
        _COLUMNS,
        [
            (name, lane.topic, lane.partition, lane.owner, lane.messages, f"{lane.oldest_at:%Y-%m-%d %H:%M:%S}")
            for name, lane in held
        ],
    )
    if silent:
        raise OperatorError("Not everybody could be asked. " + " ".join(silent.values()))


@dataclass(frozen=True)
class Release:
    """One release."""

    owner: str
    reason: str
    group: str | None
    with_sends: bool
    sends_confirmed: bool
    dry_run: bool
    yes: bool

    async def __call__(self, desk: Desk) -> None:
        """Show, ask, and release until nothing more comes to be held.

        Raises:
            OperatorError: nothing is held of the owner, nobody agreed, or a service stayed away; the same call goes on.
        """
        lanes = await self._lanes(desk)
        if not lanes:
            raise OperatorError(f"Nothing is held of {self.owner}; `chertctl held list` says of whom.")
        waiting = sum(lane.messages for _, lane in lanes)
        desk.screen.say(f"{waiting} messages of {self.owner} are held on {len(lanes)} partitions.")
        if not desk.screen.decide(f"Work through {waiting} messages?", dry_run=self.dry_run, yes=self.yes):
            desk.screen.document(self._document({"left": waiting}))
            return
        if self.with_sends:
            desk.screen.decide_to_send(yes=self.sends_confirmed)
        async with desk.audit() as audit, audit.act("held release", reason=self.reason, owner=self.owner) as act:
            await self._until_quiet(desk, act)
        desk.screen.document(self._document(dict(act.result)))
        desk.screen.say(f"Released: {act.result['handled']} handled, {act.result['dead_lettered']} given up.")

    async def _until_quiet(self, desk: Desk, act: Act) -> None:
        """Release what is there, and what comes while consumers do not know yet that they may let it pass."""
        quiet_at = desk.clock.monotonic() + QUIET_SECONDS
        with desk.screen.progress("messages released") as counter:
            while desk.clock.monotonic() < quiet_at:
                for group, lane in await self._lanes(desk):
                    await self._release(desk, group, lane, act)
                    counter.reach(act.result.total())
                    quiet_at = desk.clock.monotonic() + QUIET_SECONDS
                await desk.clock.sleep(LOOK_SECONDS)

    async def _release(self, desk: Desk, group: ServiceName, lane: HeldLane, act: Act) -> None:
        order = HeldRelease(topic=lane.topic, partition=lane.partition, owner=lane.owner, sends=self.with_sends)
        left = lane.messages
        while left:
            released = await desk.services.call(group, "POST", "/ops/held/release", HeldReleased, order)
            act.result.update({"handled": released.handled, "dead_lettered": released.dead_lettered})
            left = released.left

    async def _lanes(self, desk: Desk) -> list[tuple[ServiceName, HeldLane]]:
        held, silent = await _held(desk, self.group)
        if silent:
            raise OperatorError("Not everybody could be asked. " + " ".join(silent.values()))
        return [(group, lane) for group, lane in held if lane.owner == self.owner]

    def _document(self, result: dict[str, int]) -> dict[str, object]:
        told: Counter[str] = Counter(result)
        return {
            "owner": self.owner,
            "handled": told["handled"],
            "dead_lettered": told["dead_lettered"],
            "left": told["left"],
            "dry_run": self.dry_run,
        }


async def _held(desk: Desk, group: str | None) -> tuple[list[tuple[ServiceName, HeldLane]], dict[str, str]]:
    """What is held in which group, the longest held first, and who could not be asked."""
    found: list[tuple[ServiceName, HeldLane]] = []
    silent: dict[str, str] = {}
    for name in GROUPS if group is None else (service_named(group),):
        try:
            answer = await desk.services.call(name, "GET", "/ops/held", HeldAnswer)
        except AwayError as error:
            silent[name] = str(error)
        else:
            found += [(name, lane) for lane in answer.lanes]
    return sorted(found, key=lambda one: one[1].oldest_at), silent
