"""One HubSpot account, as long as it is known at all: binding, departure, doubts."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeVar

from contracts.tenants import TenantSettings, TenantSnapshot
from oauth.models.grants import SealedTokens
from oauth.models.history import EndReason

Snapshot = TypeVar("Snapshot", bound=TenantSnapshot)

Status = Literal["active", "inactive", "purged"]

DepartureStep = Literal["uninstall", "revoke", "erase"]
"""What a disconnect still has to do, in this order (`architecture.md`, section 4)."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Why and when an installation ended."""

    reason: EndReason
    at: datetime


@dataclass(frozen=True, slots=True)
class Departure:
    """A disconnect that HubSpot is still to be told of; the account is inactive already.

    Attributes:
        step: what is done next.
        tokens: of the generation that ended, kept sealed for nothing but this.
        step_began_at: each step is given up some time after it began.
        due_at: when it is tried next.
        attempts: how often this step failed.
    """

    step: DepartureStep
    tokens: SealedTokens = field(repr=False)
    step_began_at: datetime
    due_at: datetime
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Installation:
    """One HubSpot account, as long as it is known at all; active or not.

    Attributes:
        portal_id: HubSpot's account id.
        project_id: the project it is bound to, for as long as it is active.
        chert_tenant: that project's slug in Chert's API.
        status: whether it is connected.
        generation: counts connections from 1; a reinstall while active stays in its generation.
        revision: orders every published change: max(previous + 1, now in ms), never reset.
        scopes: what HubSpot granted.
        settings: what an admin chose.
        installed_at: when this generation's latest install was completed.
        token_version: counts every change of the tokens, erasing included; never reset.
        tokens: sealed; none while not connected.
        ended: why and when, while not connected.
        seal_version: counts re-sealings, which change no token.
        departure: what HubSpot is still to be told of a disconnect.
        paused: whether an operator holds its work.
    """

    portal_id: int
    project_id: str
    chert_tenant: str
    status: Status
    generation: int
    revision: int
    scopes: tuple[str, ...]
    settings: TenantSettings
    installed_at: datetime
    token_version: int
    tokens: SealedTokens | None = field(default=None, repr=False)
    ended: Ended | None = None
    seal_version: int = 0
    departure: Departure | None = field(default=None, repr=False)
    paused: bool = False

    def snapshot(self) -> TenantSnapshot:
        """What everyone may know of it."""
        return self.snapshot_as(TenantSnapshot)

    def snapshot_as(self, kind: type[Snapshot]) -> Snapshot:
        """The same as the data of an event that says nothing more."""
        return kind(
            portal_id=self.portal_id,
            project_id=self.project_id,
            chert_tenant=self.chert_tenant,
            status=self.status,
            generation=self.generation,
            revision=self.revision,
            scopes=self.scopes,
            settings=self.settings,
            paused=self.paused,
        )


@dataclass(frozen=True, slots=True)
class GrantCheck:
    """A doubt about an account's grant that HubSpot has to settle.

    Attributes:
        id: whose doubt, so that a newer one is never settled by the answer to an older one.
        portal_id: the account.
        reason: what an installation is ended with if the doubt is confirmed.
        due_at: when HubSpot is asked next.
        attempts: how often it could not be asked.
        traceparent: the trace of whoever raised it, so that what comes of it is found there.
    """

    id: str
    portal_id: int
    reason: EndReason
    due_at: datetime
    attempts: int = 0
    traceparent: str | None = None
