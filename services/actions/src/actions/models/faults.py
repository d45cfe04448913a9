"""Where a test can make the process die."""

from enum import StrEnum


class FaultPoint(StrEnum):
    """Named points between claim and answer, and between a step's end and HubSpot's knowing it."""

    AFTER_CLAIM = "after_claim"
    BEFORE_CALL = "before_call"
    AFTER_CALL = "after_call"
    AFTER_STEP = "after_step"
    AFTER_SETTLE = "after_settle"
    BEFORE_COMPLETE = "before_complete"
    AFTER_COMPLETE = "after_complete"
