"""Tenants: one connected HubSpot account each, as `oauth` decides and others project.

Owns the public snapshot of a tenant; tokens are never in it (`architecture.md`, rule 5).
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from contracts.envelope import EventData

PortalId = int
"""HubSpot's own account id, which is also the tenant's id."""


class TenantSettings(EventData):
    """What an admin may set per HubSpot account, with its default (chert-contract.md, section 5).

    Attributes:
        label: display name on the console; empty means the account id.
        phone_line_id: which line sends; none means "Pool default".
        auto_create_leads: whether a workflow send to an unknown phone creates a lead first.
        auto_send_on_create: whether a created contact gets the template at once.
        auto_send_template: overrides the project's template for that; empty means the project's.
        auto_send_imported: whether imported contacts count as created.
        default_region: ISO 3166 region for national phone numbers without a country code.
        log_sent_messages: whether sent messages are written on the timeline too.
        retention_days: how long content is kept.
    """

    label: str = Field(default="", max_length=200)
    phone_line_id: str | None = Field(default=None, max_length=100)
    auto_create_leads: bool = True
    auto_send_on_create: bool = False
    auto_send_template: str = Field(default="", max_length=10_000)
    auto_send_imported: bool = False
    default_region: str = Field(default="US", pattern=r"^[A-Z]{2}$")
    log_sent_messages: bool = False
    retention_days: int = Field(default=90, ge=1, le=3650)


class TenantSnapshot(EventData):
    """A tenant as everyone may know it.

    Attributes:
        portal_id: HubSpot's account id.
        project_id: the Chert project that every send lands in.
        chert_tenant: the slug that Chert's API and webhooks use for that project.
        status: whether it may send and receive now.
        generation: counts the installs of this account from 1.
        revision: orders all changes of this account: max(previous + 1, now in ms), never reset.
        scopes: what HubSpot granted.
        settings: what an admin chose.
        paused: whether an operator holds its work: nothing is sent for it or written to it, and nothing of it is lost.
    """

    portal_id: PortalId = Field(gt=0)
    project_id: str = Field(min_length=1, max_length=100)
    chert_tenant: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.-]+$")
    status: Literal["active", "inactive", "purged"]
    generation: int = Field(ge=1)
    revision: int = Field(ge=1)
    scopes: tuple[str, ...]
    settings: TenantSettings = TenantSettings()
    paused: bool = False


class TenantInstalled(TenantSnapshot):
    """An account was connected, or connected again."""


class TenantUpdated(TenantSnapshot):
    """Settings or scopes of a connected account changed."""


class TenantUninstalled(TenantSnapshot):
    """An account is no longer connected."""

    reason: Literal["app_uninstalled", "disconnected", "grant_revoked"]


class AppUninstalled(EventData):
    """HubSpot says that the app was uninstalled: a hint, `oauth` decides."""

    portal_id: PortalId = Field(gt=0)
    app_id: int | None = None
    occurred_at: datetime
