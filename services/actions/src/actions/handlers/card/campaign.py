"""The campaign tab: what Chert tells of the project's campaign, and the account's latest sends."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from actions.handlers.tenants import active_tenant
from actions.handlers.words import words_for_rep
from actions.models import CampaignStatus, RecentSend, Refused, Send, Viewer
from actions.ports import Campaigns, SendStore, TenantAuthority, TenantStore
from chassis.clock import Clock

RECENT: Final = timedelta(hours=24)
SHOWN_SENDS: Final = 10
FACT_SECONDS: Final = 3.0
"""The longest the tab waits for Chert."""


@dataclass(frozen=True, kw_only=True)
class ShowCampaign:
    """Puts together the campaign tab.

    Attributes:
        tenants: the projection.
        authority: asked before anyone is told "unknown".
        campaigns: what Chert tells.
        sends: this account's sends.
        clock: since when a send is recent.
    """

    tenants: TenantStore
    authority: TenantAuthority
    campaigns: Campaigns
    sends: SendStore
    clock: Clock

    async def __call__(self, viewer: Viewer) -> CampaignStatus:
        """What is known.

        Raises:
            UnknownTenantError: the account is not connected.
            PostponedError: our own database or `oauth` does not answer.
        """
        tenant = await active_tenant(viewer.portal_id, tenants=self.tenants, authority=self.authority)
        recent = await self.sends.latest(viewer.portal_id, self.clock.now() - RECENT, SHOWN_SENDS)
        try:
            async with asyncio.timeout(FACT_SECONDS):
                campaign = await self.campaigns.campaign(tenant.chert_tenant)
        except TimeoutError:
            campaign = None
        return CampaignStatus(campaign, tuple(_recent(send) for send in recent))


def _recent(send: Send) -> RecentSend:
    answer = send.answer
    if answer is None:
        return RecentSend(send.claimed_at, send.source, send.contact_id, "waiting", "")
    if isinstance(answer, Refused):
        words = words_for_rep(answer.code, answer.error)
        return RecentSend(send.claimed_at, send.source, send.contact_id, "refused", words)
    return RecentSend(send.claimed_at, send.source, send.contact_id, "sent", "")
