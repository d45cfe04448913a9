"""What this service thinks in: requests, the sends that they claim, and the answers."""

from actions.models.answers import Answer, Blocked
from actions.models.conversations import Author, ContactChat, NumberChat, Wish
from actions.models.faults import FaultPoint
from actions.models.outcomes import Accepted, Outcome, Refused
from actions.models.requests import Contact, LineChoice, SendRequest, SignedRequest
from actions.models.sends import Attempt, AttemptStatus, Lease, Outgoing, Send
from actions.models.steps import WAIT_DAYS, Reply, Step, StepPlan, StepState, WhenNotNow

__all__ = [
    "WAIT_DAYS",
    "Accepted",
    "Answer",
    "Attempt",
    "AttemptStatus",
    "Author",
    "Blocked",
    "Contact",
    "ContactChat",
    "FaultPoint",
    "Lease",
    "LineChoice",
    "NumberChat",
    "Outcome",
    "Outgoing",
    "Refused",
    "Reply",
    "Send",
    "SendRequest",
    "SignedRequest",
    "Step",
    "StepPlan",
    "StepState",
    "WhenNotNow",
    "Wish",
]
