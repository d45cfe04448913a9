"""Internal HTTP: what `oauth` answers its sister services (`architecture.md`, rules 5 and 7).

Every call carries `Authorization: Bearer <service credential>`; a refusal is a `contracts.failures.Failure`.
"""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.tenants import TenantSnapshot


class AccessToken(BaseModel):
    """`POST /internal/tenants/{portal_id}/access-token`: a token that lives at least 60 s more.

    Attributes:
        access_token: HubSpot's bearer token; keep it in memory only.
        expires_at: when it ends.
        generation: the install it belongs to.
    """

    model_config = ConfigDict(frozen=True)

    access_token: str = Field(repr=False)
    expires_at: datetime
    generation: int


class TenantCheck(BaseModel):
    """`GET /internal/tenants/{portal_id}`: what is true of an account right now.

    Attributes:
        status: `unknown` means that this account never connected.
        tenant: the snapshot, unless unknown.
    """

    model_config = ConfigDict(frozen=True)

    status: Literal["active", "inactive", "purged", "unknown"]
    tenant: TenantSnapshot | None = None
