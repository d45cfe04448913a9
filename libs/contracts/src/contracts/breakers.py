"""Breakers: writing to an account's timelines stops after failures in a row, and goes on after a success.

Each opening has its own number, the same in both events of it: they come on two topics, in either order.
"""

from datetime import datetime

from pydantic import Field

from contracts.envelope import EventData
from contracts.tenants import PortalId


class BreakerChanged(EventData):
    """What both events say.

    Attributes:
        portal_id: the account.
        opening: counts the openings of this account's breaker from 1.
        opened_at: when it opened.
    """

    portal_id: PortalId = Field(gt=0)
    opening: int = Field(ge=1)
    opened_at: datetime


class BreakerOpened(BreakerChanged):
    """Writing to an account's timelines rests; nothing is dropped.

    Attributes:
        failures: how many calls failed in a row.
        reason: what the last of them ended with, in our own words.
        probe_at: when one call will be tried.
    """

    failures: int = Field(ge=1)
    reason: str = Field(max_length=500)
    probe_at: datetime


class BreakerClosed(BreakerChanged):
    """Writing goes on: a call succeeded, or the account was connected again."""

    closed_at: datetime
