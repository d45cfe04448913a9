"""What operators ask and do about one tenant, over `/ops/tenants*` (`architecture.md`, section 4, ops command).

`oauth` decides what a tenant is; `actions` and `timeline` say what they have to do for it, and obey. Every call carries
`Authorization: Bearer <credential of "ops">`; a refusal is a `contracts.failures.Failure`.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.contacts import ContactId
from contracts.internal import BreakerState
from contracts.tenants import PortalId, TenantSnapshot

MAX_TENANTS = 200
"""Accounts of one page, and of one question."""

MAX_PORTAL_ID = 2**53 - 1
"""The largest account id: JSON's largest exact integer."""

AccountId = Annotated[PortalId, Field(gt=0, le=MAX_PORTAL_ID)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Question(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OperatorOrder(_Question):
    """Who orders something, and why; both are kept in the account's history.

    Attributes:
        operator: who.
        reason: why, in the operator's words.
    """

    operator: str = Field(min_length=1, max_length=100)
    reason: str = Field(min_length=1, max_length=500)


class TenantOverview(_Model):
    """One account as `oauth` knows it.

    Attributes:
        tenant: what everyone may know.
        installed_at: when the latest install was completed.
        ended_at: when its connection ended, unless it is connected.
        ended_reason: why.
        missing_scopes: what was asked for and not granted.
        departure: what HubSpot is still to be told of a disconnect: `uninstall`, `revoke`, `erase`.
    """

    tenant: TenantSnapshot
    installed_at: datetime
    ended_at: datetime | None = None
    ended_reason: str | None = None
    missing_scopes: tuple[str, ...] = ()
    departure: str | None = None


class TenantList(_Model):
    """`GET /ops/tenants?after=&limit=` of `oauth`: accounts by id.

    Attributes:
        tenants: at most as many as were asked for.
        next_after: where the next page begins; none at the end.
    """

    tenants: tuple[TenantOverview, ...] = ()
    next_after: int | None = None


class TenantEvent(_Model):
    """One thing that was done to an account; `by` is a user or an operator, none when HubSpot did it."""

    at: datetime
    kind: str
    revision: int
    generation: int
    by: str | None = None
    detail: str | None = None


class TenantDetails(TenantOverview):
    """`GET /ops/tenants/{portal_id}` of `oauth`; every order about a tenant is answered with it, as it then is.

    Attributes:
        history: newest first.
    """

    history: tuple[TenantEvent, ...] = ()


class TokenCheck(_Model):
    """`POST /ops/tenants/{portal_id}/token-check` of `oauth`: what HubSpot says of a connected account's grant.

    Attributes:
        verdict: `alive`; `ended`, and so the account is not connected any more; `changed` while HubSpot was asked;
            `not_connected`; `unknown` when HubSpot or the key could not be had, `words` saying why.
        access_token_expires_at: of the access token that is kept.
    """

    portal_id: int
    verdict: Literal["alive", "ended", "changed", "not_connected", "unknown"]
    access_token_expires_at: datetime | None = None
    words: str = ""


class Tombstones(_Model):
    """`POST /ops/tenants/{portal_id}/tombstones` of `oauth`: the compacted topics that now forget a purged account."""

    portal_id: int
    topics: tuple[str, ...]


class TenantsQuestion(_Question):
    """`POST /ops/tenants` of `actions` and `timeline`: what do you have to do for these accounts?"""

    portal_ids: tuple[AccountId, ...] = Field(min_length=1, max_length=MAX_TENANTS)


class TenantWork(_Model):
    """What one service has to do for one account.

    Attributes:
        portal_id: which.
        status: of its own projection; none when it never heard of the account.
        paused: whether it holds the account's work.
        revision: of its own projection; 0 when it never heard of the account.
        waiting: how many things are to be done, now or later.
        oldest_at: since when the oldest of them waits.
        working: whether something is under way right now.
        resting_until: when work goes on, where it rests.
        breaker: of the account's timeline.
    """

    portal_id: int
    status: str | None = None
    paused: bool = False
    revision: int = 0
    waiting: int = 0
    oldest_at: datetime | None = None
    working: bool = False
    resting_until: datetime | None = None
    breaker: BreakerState | None = None


class TenantsAnswer(_Model):
    """The answer, in the order of the question."""

    tenants: tuple[TenantWork, ...]


class ContactErasure(_Question):
    """`POST /ops/tenants/{portal_id}/erase-contact` of `actions` and `timeline`: forget this person."""

    contact_id: ContactId


class Removed(_Model):
    """What a service removed, by what it was; the same order again removes nothing more.

    Attributes:
        service: which.
        removed: how many of each.
        kept: what stays on purpose, and why, in words.
    """

    service: str
    removed: dict[str, int]
    kept: tuple[str, ...] = ()
