"""Refusals for good that are our own and not Chert's."""

from typing import Final

from actions.models import Refused
from contracts.failures import Code

SUPERSEDED: Final = Refused(code=Code.WRONG_STATE, error="superseded: the account is bound to another project now")
"""Work started for one project never goes out for another (`architecture.md`, rule 4)."""

NO_LEAD: Final = Refused(code=Code.NOT_FOUND, error="no lead has this number, and creating leads is off")
"""What "does nothing" means for a workflow that may not make leads."""

LEAD_NOT_TOLD: Final = Refused(code=Code.NOT_FOUND, error="creating leads is off, and who is a lead is not known")
"""The same where Chert serves no way to find out."""

NOT_IN_TIME: Final = Refused(code=Code.UNAVAILABLE, error="the message could not be sent in time", retryable=True)
"""A step waited as long as it was allowed to, and sending was never possible."""
