"""What an answer of the app means to a workflow (contract 4.3)."""

from enum import StrEnum

from simulators.hubspot.errors import Json
from simulators.hubspot.outbound import Answer, json_object

OK = 200
MULTIPLE_CHOICES = 300
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500


class Outcome(StrEnum):
    """What the workflow makes of an attempt; only a blocked step and a retry are not its end."""

    SUCCESS = "success"
    FAIL_CONTINUE = "fail_continue"
    BLOCKED = "blocked"
    FAILED = "failed"
    EXPIRED = "expired"
    WILL_RETRY = "will_retry"


# ASYNC is listed without a description (contract 4.3): it waits like BLOCK.
STATES = {
    "SUCCESS": Outcome.SUCCESS,
    "FAIL_CONTINUE": Outcome.FAIL_CONTINUE,
    "BLOCK": Outcome.BLOCKED,
    "ASYNC": Outcome.BLOCKED,
}


def outcome_of(answer: Answer) -> Outcome:
    """What an answer means to the workflow: its state if it names one, else its status (contract 4.3)."""
    status = answer.status
    if status is None or status >= SERVER_ERROR or status == TOO_MANY_REQUESTS:
        return Outcome.WILL_RETRY
    if not OK <= status < MULTIPLE_CHOICES:
        return Outcome.FAILED
    return STATES.get(str(output_fields(answer).get("hs_execution_state")), Outcome.SUCCESS)


def output_fields(answer: Answer) -> Json:
    """The outputs that an answer names."""
    fields = json_object(answer.body).get("outputFields")
    return fields if isinstance(fields, dict) else {}
