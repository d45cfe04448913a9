"""Orders about a tenant: pause, resume, drain, reset its breaker. Each is shown first, audited, and may be repeated."""

from dataclasses import dataclass
from typing import Final, Literal

from chertctl import tenants
from chertctl.auditing import operator_name
from chertctl.outcomes import OperatorError
from chertctl.verbs import Desk
from contracts.tenant_operations import OperatorOrder, TenantDetails, TenantWork

LOOK_SECONDS: Final = 0.5
"""How often an account is looked at while something is waited for."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """Hold an account's work, or let it go on."""

    verb: Literal["pause", "resume"]
    portal_id: int
    reason: str
    dry_run: bool = False
    yes: bool = False

    async def __call__(self, desk: Desk) -> None:
        """Show, ask, and give the order.

        Raises:
            OperatorError: it cannot be given, or nobody agreed.
        """
        changed = await self.give(desk)
        desk.screen.document(changed)

    async def give(self, desk: Desk) -> dict[str, object]:
        """The order, and what became of it, for scripts."""
        before = await tenants.details_of(desk, self.portal_id)
        wanted = self.verb == "pause"
        if before.tenant.status != "active":
            raise OperatorError(
                f"Account {self.portal_id} is not connected ({before.tenant.status}): nothing to {self.verb}."
            )
        if before.tenant.paused == wanted:
            desk.screen.say(f"Account {self.portal_id} is {_state(paused=wanted)} already.")
            return self._document(before, changed=False)
        desk.screen.say(
            f"Account {self.portal_id} is {_state(paused=not wanted)}; it would be {_state(paused=wanted)}."
        )
        if not desk.screen.decide(
            f"{self.verb.capitalize()} account {self.portal_id}?", dry_run=self.dry_run, yes=self.yes
        ):
            return self._document(before, changed=False)
        owner = str(self.portal_id)
        async with desk.audit() as audit, audit.act(f"tenant {self.verb}", reason=self.reason, owner=owner) as act:
            order = OperatorOrder(operator=operator_name(desk.settings), reason=self.reason)
            path = f"/ops/tenants/{self.portal_id}/{self.verb}"
            after = await desk.services.call("oauth", "POST", path, TenantDetails, order)
            act.result[_state(paused=wanted)] = 1
        desk.screen.say(f"Account {self.portal_id} is {_state(paused=wanted)}.")
        return self._document(after, changed=True)

    def _document(self, details: TenantDetails, *, changed: bool) -> dict[str, object]:
        tenant = details.tenant
        return {
            "portal_id": tenant.portal_id,
            "paused": tenant.paused,
            "revision": tenant.revision,
            "changed": changed,
            "dry_run": self.dry_run,
        }


async def drain(desk: Desk, *, order: Order, seconds: float) -> None:
    """Pause an account and wait until both services have heard of it and nothing of it is under way.

    Raises:
        OperatorError: it was not so in time; the account stays paused.
    """
    told = await order.give(desk)
    if order.dry_run:
        desk.screen.document({**told, "drained": False})
        return
    until = desk.clock.monotonic() + seconds
    with desk.screen.progress("draining", len(tenants.SISTERS)) as counter:
        while busy := await _busy(desk, order.portal_id):
            counter.reach(len(tenants.SISTERS) - len(busy))
            if desk.clock.monotonic() > until:
                raise OperatorError(
                    f"Not drained in {seconds:.0f} s: {', '.join(busy)} still at work or not told. It stays paused; "
                    f"call again, or `chertctl tenant resume {order.portal_id}`."
                )
            await desk.clock.sleep(LOOK_SECONDS)
    waiting = {
        service: (await tenants.works_of(desk, service, [order.portal_id]))[0].waiting for service in tenants.SISTERS
    }
    desk.screen.document({**told, "drained": True, "waiting": waiting})
    desk.screen.say(f"Drained: nothing is under way, {sum(waiting.values())} wait until it is resumed.")


@dataclass(frozen=True, kw_only=True)
class BreakerReset:
    """Close the breaker of an account's timeline."""

    portal_id: int
    reason: str
    dry_run: bool = False
    yes: bool = False

    async def __call__(self, desk: Desk) -> None:
        """Show, ask, and reset.

        Raises:
            OperatorError: it cannot be done, or nobody agreed.
        """
        (before,) = await tenants.works_of(desk, "timeline", [self.portal_id])
        if before.status is None:
            raise OperatorError(f"`timeline` never heard of account {self.portal_id}.")
        if (before.breaker is None or not before.breaker.open) and before.resting_until is None:
            desk.screen.say(f"Account {self.portal_id} does not rest: nothing to reset.")
            desk.screen.document(self._document(before, changed=False))
            return
        desk.screen.say(_rest(before))
        question = f"Let the timeline of account {self.portal_id} try again now?"
        if not desk.screen.decide(question, dry_run=self.dry_run, yes=self.yes):
            desk.screen.document(self._document(before, changed=False))
            return
        owner = str(self.portal_id)
        async with desk.audit() as audit, audit.act("tenant breaker-reset", reason=self.reason, owner=owner) as act:
            path = f"/ops/tenants/{self.portal_id}/breaker-reset"
            after = await desk.services.call("timeline", "POST", path, TenantWork)
            act.result["reset"] = 1
        desk.screen.document(self._document(after, changed=True))
        desk.screen.say(f"Closed; {after.waiting} wait, and are tried now.")

    def _document(self, work: TenantWork, *, changed: bool) -> dict[str, object]:
        return {
            "portal_id": self.portal_id,
            "open": work.breaker is not None and work.breaker.open,
            "waiting": work.waiting,
            "changed": changed,
            "dry_run": self.dry_run,
        }


async def _busy(desk: Desk, portal_id: int) -> list[str]:
    """The services that have not heard of the pause, or have something of the account under way."""
    busy: list[str] = []
    for service in tenants.SISTERS:
        (work,) = await tenants.works_of(desk, service, [portal_id])
        if work.working or not work.paused:
            busy.append(service)
    return busy


def _rest(work: TenantWork) -> str:
    breaker, until = work.breaker, work.resting_until
    why = f" since {breaker.since:%H:%M:%S} because of {breaker.words}" if breaker and breaker.open else ""
    rest = "" if until is None else f", and tries again at {until:%H:%M:%S} UTC by itself"
    return f"Account {work.portal_id} rests{why}{rest}; {work.waiting} wait."


def _state(*, paused: bool) -> str:
    return "paused" if paused else "at work"
