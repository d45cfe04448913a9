"""Forgetting: an account that ended, everywhere; or a person, with a certificate. Cut off, the same call goes on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from chertctl import catalogue, tenants
from chertctl.auditing import Act, operator_name
from chertctl.catalogue import Catalogue
from chertctl.outcomes import OperatorError, WrongCallError
from chertctl.settings import ServiceName
from chertctl.verbs import Desk
from contracts.tenant_operations import (
    ContactErasure,
    OperatorOrder,
    Removed,
    TenantDetails,
    Tombstones,
)

TOLD_SECONDS: Final = 60.0
"""How long the other services may take to hear that an account is purged."""

LOOK_SECONDS: Final = 0.5

HOLDS: Final = {
    "message.received": "the number and what the person wrote",
    "message.sent": "the number and what was sent",
    "message.refused": "the contact's id",
    "contact.created": "the contact's id",
    "contact.updated": "the contact's id",
    "contact.deleted": "the contact's id",
    "contact.merged": "the contact's id",
    "contact.restored": "the contact's id",
    "contact.erased": "the contact's id",
    "contact.linked": "the contact's id",
    "reply.recorded": "the contact's id",
    "delivery.rejected": "what a refused delivery held",
}
"""What each topic may hold of a person; a topic that is not here holds nothing."""


@dataclass(frozen=True, kw_only=True)
class Purge:
    """Forget a disconnected account."""

    portal_id: int
    reason: str
    dry_run: bool = False
    yes: bool = False

    async def __call__(self, desk: Desk) -> None:
        """Show, ask, and purge: the last snapshot, the data, the tombstones, in this order.

        Raises:
            OperatorError: it cannot be done, or was cut off; the same call goes on.
        """
        before = await tenants.details_of(desk, self.portal_id)
        self._check(before)
        desk.screen.say(
            f"Account {self.portal_id} of project {before.tenant.project_id}, {before.tenant.status} since "
            f"{before.ended_at:%Y-%m-%d %H:%M} UTC ({before.ended_reason})."
            if before.ended_at
            else f"Account {self.portal_id} is {before.tenant.status}."
        )
        question = f"Forget everything of account {self.portal_id}? This cannot be undone."
        if not desk.screen.decide(question, dry_run=self.dry_run, yes=self.yes):
            desk.screen.document({"portal_id": self.portal_id, "dry_run": True, "status": before.tenant.status})
            return
        owner = str(self.portal_id)
        async with desk.audit() as audit, audit.act("tenant purge", reason=self.reason, owner=owner) as act:
            certificate = await self._purge(desk, act)
        desk.screen.document(certificate)
        _tell(desk, certificate)

    def _check(self, before: TenantDetails) -> None:
        if before.tenant.status == "active":
            raise OperatorError(f"Account {self.portal_id} is connected; it is disconnected on the console first.")
        if before.departure is not None:
            raise OperatorError(
                f"HubSpot is still being told of the end of account {self.portal_id} ({before.departure})."
            )

    async def _purge(self, desk: Desk, act: Act) -> dict[str, object]:
        one = f"/ops/tenants/{self.portal_id}"
        order = OperatorOrder(operator=operator_name(desk.settings), reason=self.reason)
        purged = await desk.services.call("oauth", "POST", f"{one}/purge", TenantDetails, order)
        await _heard(desk, self.portal_id, purged.tenant.revision)
        removed = [await _purged(desk, service, self.portal_id, act) for service in tenants.SISTERS]
        buried = await desk.services.call("oauth", "POST", f"{one}/tombstones", Tombstones)
        return {
            "portal_id": self.portal_id,
            "dry_run": False,
            "status": purged.tenant.status,
            "revision": purged.tenant.revision,
            "services": [one.model_dump(mode="json") for one in removed],
            "tombstones": list(buried.topics),
        }


@dataclass(frozen=True, kw_only=True)
class ContactErasing:
    """Forget a person."""

    portal_id: int
    contact_id: str
    reason: str
    catalogue: Path
    dry_run: bool = False
    yes: bool = False

    async def __call__(self, desk: Desk) -> None:
        """Ask, erase, and certify.

        Raises:
            OperatorError: it cannot be done, or was cut off; the same call goes on.
        """
        erasure, topics = self._erasure(), self._catalogue()
        await tenants.details_of(desk, self.portal_id)  # an account that never connected is refused here
        question = f"Forget contact {self.contact_id} of account {self.portal_id}? This cannot be undone."
        if not desk.screen.decide(question, dry_run=self.dry_run, yes=self.yes):
            desk.screen.document(self._certificate(desk, [], topics))
            return
        owner, path = str(self.portal_id), f"/ops/tenants/{self.portal_id}/erase-contact"
        arguments = {"contact_id": self.contact_id}
        async with (
            desk.audit() as audit,
            audit.act("tenant erase-contact", reason=self.reason, owner=owner, arguments=arguments) as act,
        ):
            removed: list[Removed] = []
            for service in tenants.SISTERS:
                removed.append(await desk.services.call(service, "POST", path, Removed, erasure))
                _note(act, removed[-1])
        certificate = self._certificate(desk, removed, topics)
        desk.screen.document(certificate)
        _tell(desk, certificate)
        desk.screen.table(
            ("topic", "may still hold", "at the latest until"),
            [(name, what, f"{until:%Y-%m-%d %H:%M} UTC") for name, what, until in _held(topics, desk.clock.now())],
        )

    def _erasure(self) -> ContactErasure:
        try:
            return ContactErasure(contact_id=self.contact_id)
        except ValidationError:
            raise WrongCallError("A contact's id is HubSpot's number, of at most 20 digits.") from None

    def _catalogue(self) -> Catalogue:
        try:
            return catalogue.read(self.catalogue)
        except (OSError, ValueError) as error:
            raise WrongCallError(
                f"Without the catalogue of topics nothing can be certified: {self.catalogue} ({type(error).__name__})."
            ) from None

    def _certificate(self, desk: Desk, removed: Sequence[Removed], topics: Catalogue) -> dict[str, object]:
        now = desk.clock.now()
        return {
            "portal_id": self.portal_id,
            "contact_id": self.contact_id,
            "dry_run": not removed,
            "at": now.isoformat(),
            "operator": operator_name(desk.settings),
            "services": [one.model_dump(mode="json") for one in removed],
            "topics": [
                {"topic": name, "holds": what, "until": until.isoformat()} for name, what, until in _held(topics, now)
            ],
        }


async def _heard(desk: Desk, portal_id: int, revision: int) -> None:
    """Return once both services know the account as purged.

    Raises:
        OperatorError: they did not in time.
    """
    until = desk.clock.monotonic() + TOLD_SECONDS
    waiting: list[ServiceName] = list(tenants.SISTERS)
    while waiting:
        (work,) = await tenants.works_of(desk, waiting[0], [portal_id])
        if work.status == "purged" and work.revision >= revision:
            waiting.pop(0)
        elif desk.clock.monotonic() > until:
            raise OperatorError(
                f"{waiting[0]} has not heard in {TOLD_SECONDS:.0f} s that account {portal_id} is purged; look at "
                "`chertctl topics lag`, then call again: it goes on from here."
            )
        else:
            await desk.clock.sleep(LOOK_SECONDS)


async def _purged(desk: Desk, service: ServiceName, portal_id: int, act: Act) -> Removed:
    """All that a service removed, bit by bit; the act knows of each."""
    removed: Counter[str] = Counter()
    with desk.screen.progress(f"{service}: documents removed") as counter:
        while True:
            bit = await desk.services.call(service, "POST", f"/ops/tenants/{portal_id}/purge", Removed)
            removed.update(bit.removed)
            _note(act, bit)
            counter.reach(removed.total())
            if not bit.removed:
                return Removed(service=service, removed=dict(removed), kept=bit.kept)


def _held(topics: Catalogue, now: datetime) -> list[tuple[str, str, datetime]]:
    """Topics that may still hold a person, what of it, and until when; their dead letters are kept as long."""
    until = now + timedelta(days=topics.defaults.retention_days)
    dead_until = now + timedelta(days=topics.dead_letters.retention_days)
    return [
        line
        for name, what in HOLDS.items()
        if name in topics.topics
        for line in (
            (name, what, until),
            *(
                (f"{name}.{group}.dlq", f"{what}, where it was given up", dead_until)
                for group in topics.topics[name].consumers
            ),
        )
    ]


def _note(act: Act, one: Removed) -> None:
    act.result.update({f"{one.service}.{name}": count for name, count in one.removed.items()})


def _tell(desk: Desk, certificate: dict[str, object]) -> None:
    services = certificate["services"]
    assert isinstance(services, list)  # noqa: S101 - made above
    desk.screen.table(
        ("service", "removed", "how many"),
        [(one["service"], name, count) for one in services for name, count in one["removed"].items()],
    )
    for one in services:
        for words in one["kept"]:
            desk.screen.say(f"{one['service']} keeps {words}.")
