"""Deliveries from outside that were authentic and yet broke their contract."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from contracts.envelope import EventData


class DeliveryRejected(EventData):
    """An authentic event that could not be understood, and why.

    Attributes:
        sender: whose signature it carries.
        owner: the account or Chert tenant it names, as far as it could be read; else `unknown`.
        reason: what is wrong with it, without content.
        payload: the event as it came, cut to 256 KiB, so that it can be sent again once it is understood.
        received_at: when it came.
    """

    sender: Literal["hubspot", "chert"]
    owner: str = Field(min_length=1, max_length=100)
    reason: str = Field(min_length=1, max_length=500)
    payload: str = Field(max_length=256 * 1024)
    received_at: datetime
