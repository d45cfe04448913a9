"""What this service thinks in: sessions, states, grants, sealed tokens, installations."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from pydantic import SecretStr

from contracts.tenants import TenantSettings, TenantSnapshot

REQUIRED_SCOPES: Final = (
    "oauth",
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.schemas.contacts.read",
)
"""Without any of these an install is refused (chert-contract.md, section 2.2)."""

CONDITIONAL_SCOPES: Final = ("automation",)
"""Asked for, but an account that cannot grant these is installed all the same."""

Status = Literal["active", "inactive", "purged"]
EndReason = Literal["app_uninstalled", "disconnected", "grant_revoked"]
"""What ended an installation; the words of `contracts.tenants.TenantUninstalled`."""

TokenField = Literal["access_token", "refresh_token"]


@dataclass(frozen=True, slots=True)
class Project:
    """A Chert project that a session has rights on; `chert_tenant` is the slug of Chert's API."""

    id: str
    name: str
    chert_tenant: str


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in to the console, and what they may see."""

    user_id: str
    name: str
    projects: tuple[Project, ...]

    def project(self, project_id: str) -> Project | None:
        """The project, if the session has rights on it."""
        return next((project for project in self.projects if project.id == project_id), None)


@dataclass(frozen=True, slots=True)
class InstallState:
    """One install under way, found by the digest of its state; it can be consumed once.

    Attributes:
        digest: SHA-256 of the state in hex, so that a copy of the database starts no install.
        project_id: the project it was started for.
        user_id: the console user who started it, and who alone may finish it.
        code_verifier: PKCE's secret (RFC 7636); none when PKCE is off.
        expires_at: from then on it is as good as absent.
    """

    digest: str
    project_id: str
    user_id: str
    code_verifier: SecretStr | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Tokens:
    """An access token, when it ends, and the refresh token that lives until uninstall or revocation."""

    access_token: SecretStr
    refresh_token: SecretStr
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """What HubSpot gave for a code; it may leave out which account it is for and what was granted."""

    tokens: Tokens
    portal_id: int | None
    scopes: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class AccountGrant:
    """A grant of which account and scopes are known."""

    tokens: Tokens
    portal_id: int
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Introspection:
    """What HubSpot says of a token; of one that is not active it says nothing more."""

    active: bool
    portal_id: int | None = None
    scopes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class SealPlace:
    """Where a sealed token belongs; opened anywhere else, it stays shut."""

    portal_id: int
    generation: int
    field: TokenField


@dataclass(frozen=True, slots=True)
class Sealed:
    """A ciphertext with the id of its key and its nonce."""

    key_id: str
    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class SealedTokens:
    """An installation's tokens at rest; `expires_at` is the access token's."""

    access_token: Sealed
    refresh_token: Sealed
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """Why and when an installation ended."""

    reason: EndReason
    at: datetime


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

    def snapshot(self) -> TenantSnapshot:
        """What everyone may know of it."""
        return TenantSnapshot(
            portal_id=self.portal_id,
            project_id=self.project_id,
            chert_tenant=self.chert_tenant,
            status=self.status,
            generation=self.generation,
            revision=self.revision,
            scopes=self.scopes,
            settings=self.settings,
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


@dataclass(frozen=True, slots=True)
class Lease:
    """Something that one process does at a time (`architecture.md`, rule 9).

    Attributes:
        name: what is done.
        holder: the process that holds it; none when given back.
        fence: counts the takings, so that a former holder cannot give back what is another's now.
        beat: moves whenever the holder shows life; a taking is a sign of life.
    """

    name: str
    holder: str | None
    fence: int
    beat: int
