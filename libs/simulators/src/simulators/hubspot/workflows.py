"""The workflow engine's side of a custom action: it calls the app, reads the outcome, and calls again (contract 4)."""

import itertools
import json
from dataclasses import dataclass, field

from simulators.background import BackgroundTasks
from simulators.clock import Clock
from simulators.hubspot.blocking import Block, block_seconds
from simulators.hubspot.errors import Json
from simulators.hubspot.models import App, Contact, Portal
from simulators.hubspot.outbound import Answer, Patience, SignedCaller
from simulators.hubspot.outcomes import STATES, TOO_MANY_REQUESTS, Outcome, outcome_of, output_fields
from simulators.hubspot.signing import SignatureVersion

ACTION_PATH = "/api/hubspot/send"
# The action's objectRequestOptions: all of the contact that the app is shown.
PROPERTIES = ("phone", "mobilephone", "firstname", "lastname", "company")
# Not documented for custom actions; those of the neighbouring webhook action (contract 4.3).
PATIENCE = Patience(connect=3.0, total=30.0)
# Exponential back-off for up to three days (contract 4.3): a minute, doubled each time, at most eight hours.
FIRST_RETRY_SECONDS = 60.0
LONGEST_RETRY_SECONDS = 8 * 3600.0
GIVE_UP_SECONDS = 3 * 86_400.0
MAX_EXECUTIONS = 100_000

ACTION_DEFINITION_ID = 10_646_377
DEFAULT_WORKFLOW_ID = 192_814_114
FIRST_ENROLLMENT_ID = 403_081_688_006
FIRST_ACTION_NUMBER = 56_776_413_549

DURATION_FIELD = "hs_expiration_duration"


class UnknownExecutionError(LookupError):
    """No execution has that callback id."""


class TooManyExecutionsError(RuntimeError):
    """More executions are unfinished than this HubSpot keeps."""


@dataclass(frozen=True, slots=True)
class Enrollment:
    """A contact at a step of a workflow."""

    contact: Contact
    input_fields: dict[str, str]
    workflow_id: int = DEFAULT_WORKFLOW_ID
    enrollment_id: int | None = None
    action_execution_index: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call of the app and what became of it; without a status no answer came."""

    at: float
    status: int | None
    body: str
    error: str | None
    outcome: Outcome


@dataclass(slots=True)
class Execution:
    """One execution of the action, known to the app by its callback id."""

    callback_id: str
    portal_id: int
    payload: Json
    signatures: tuple[SignatureVersion, ...]
    attempts: list[Attempt] = field(default_factory=list)
    next_attempt_at: float | None = None
    block: Block = field(default_factory=Block)

    @property
    def outcome(self) -> Outcome:
        """What completed it, or else what the latest attempt came to."""
        completed = self.block.completed
        if completed is not None:
            return STATES[completed.output_fields["hs_execution_state"]]
        return self.attempts[-1].outcome if self.attempts else Outcome.WILL_RETRY


class WorkflowEngine:
    """Runs the action "Send iMessage via Chert" for contacts of any account."""

    def __init__(
        self, app: App, target_base_url: str, caller: SignedCaller, clock: Clock, background: BackgroundTasks
    ) -> None:
        self._app = app
        self._url = target_base_url + ACTION_PATH
        self._caller = caller
        self._clock = clock
        self._background = background
        self._executions: dict[str, Execution] = {}
        self._enrollment_ids = itertools.count(FIRST_ENROLLMENT_ID)
        self._action_numbers = itertools.count(FIRST_ACTION_NUMBER)

    def clear(self) -> None:
        """Forget every execution; retries are stopped with the background tasks."""
        self._executions.clear()

    def find(self, callback_id: str) -> Execution:
        """An execution by its callback id.

        Raises:
            UnknownExecutionError: There is none.
        """
        try:
            execution = self._executions[callback_id]
        except KeyError:
            raise UnknownExecutionError(callback_id) from None
        self._expire(execution)
        return execution

    def of_portal(self, portal_id: int) -> list[Execution]:
        """The executions of an account, oldest first."""
        return [self.find(one.callback_id) for one in self._executions.values() if one.portal_id == portal_id]

    async def execute(
        self, portal: Portal, enrollment: Enrollment, signatures: tuple[SignatureVersion, ...]
    ) -> Execution:
        """Call the app for a contact that reached the action; later attempts go on in the background.

        Raises:
            TooManyExecutionsError: Too many executions are unfinished.
        """
        execution = self._new_execution(portal, enrollment, signatures)
        await self._attempt(execution)
        self._retry_later(execution)
        return execution

    async def repeat(
        self, execution: Execution, input_fields: dict[str, str] | None, signatures: tuple[SignatureVersion, ...]
    ) -> None:
        """Call again with the same callback id and a fresh signature, with other input if given."""
        if input_fields is not None:
            execution.payload |= {"inputFields": input_fields, "fields": input_fields}
        execution.signatures = signatures
        await self._attempt(execution)
        self._retry_later(execution)

    def waits(self, callback_id: str, portal_id: int) -> bool:
        """Whether a step of this account is blocked and can be completed."""
        execution = self._executions.get(callback_id)
        if execution is None or execution.portal_id != portal_id:
            return False
        self._expire(execution)
        return execution.outcome is Outcome.BLOCKED

    def complete(self, callback_id: str, portal_id: int, output_fields: dict[str, str]) -> bool:
        """End a blocked step of this account; tells whether it still waited.

        Raises:
            UnknownExecutionError: The account has no such step.
        """
        execution = self.find(callback_id)
        if execution.portal_id != portal_id:
            raise UnknownExecutionError(callback_id)
        waited = self.waits(callback_id, portal_id)
        return execution.block.complete(output_fields, self._clock.now()) and waited

    def _expire(self, execution: Execution) -> None:
        """What HubSpot does when the time of a block is over: the step ends, done or not."""
        now = self._clock.now()
        if execution.outcome is Outcome.BLOCKED and execution.block.expired(now):
            until = execution.block.until or now
            execution.attempts.append(Attempt(until, None, "", "expired", Outcome.EXPIRED))

    def _new_execution(
        self, portal: Portal, enrollment: Enrollment, signatures: tuple[SignatureVersion, ...]
    ) -> Execution:
        self._make_room()
        enrollment_id = enrollment.enrollment_id
        if enrollment_id is None:
            enrollment_id = next(self._enrollment_ids)
        index = enrollment.action_execution_index
        callback_id = f"ap-{portal.portal_id}-{next(self._action_numbers)}-{enrollment_id}-{index}"
        payload = self._payload(portal, enrollment, callback_id, enrollment_id)
        execution = Execution(callback_id, portal.portal_id, payload, signatures)
        self._executions[callback_id] = execution
        return execution

    def _payload(self, portal: Portal, enrollment: Enrollment, callback_id: str, enrollment_id: int) -> Json:
        """The execution request of contract 4.2; properties without a value are left out."""
        contact = enrollment.contact
        return {
            "callbackId": callback_id,
            "origin": {
                "portalId": portal.portal_id,
                "actionDefinitionId": ACTION_DEFINITION_ID,
                "actionDefinitionVersion": 1,
                "actionExecutionIndexIdentifier": {
                    "enrollmentId": enrollment_id,
                    "actionExecutionIndex": enrollment.action_execution_index,
                },
                "extensionDefinitionId": ACTION_DEFINITION_ID,
                "extensionDefinitionVersionId": 1,
            },
            "context": {"source": "WORKFLOWS", "workflowId": enrollment.workflow_id},
            "object": {
                "objectId": int(contact.contact_id),
                "objectType": "CONTACT",
                "properties": {name: contact.properties[name] for name in PROPERTIES if name in contact.properties},
            },
            "inputFields": enrollment.input_fields,
            "fields": enrollment.input_fields,
        }

    async def _attempt(self, execution: Execution) -> None:
        at = self._clock.now()
        body = json.dumps(execution.payload, separators=(",", ":")).encode()
        answer = await self._caller.post(self._url, body, execution.signatures, PATIENCE)
        outcome = outcome_of(answer)
        execution.next_attempt_at = None
        if outcome is Outcome.WILL_RETRY:
            outcome = self._plan_retry(execution, answer, at)
        elif outcome is Outcome.BLOCKED:
            execution.block.until = self._clock.now() + block_seconds(output_fields(answer).get(DURATION_FIELD))
        execution.attempts.append(Attempt(at, answer.status, answer.body, answer.error, outcome))

    def _plan_retry(self, execution: Execution, answer: Answer, at: float) -> Outcome:
        """Set the moment of the next attempt, unless it would come after three days."""
        first_at = execution.attempts[0].at if execution.attempts else at
        next_at = self._clock.now() + retry_delay(answer, len(execution.attempts))
        if next_at - first_at > GIVE_UP_SECONDS:
            return Outcome.FAILED
        execution.next_attempt_at = next_at
        return Outcome.WILL_RETRY

    def _retry_later(self, execution: Execution) -> None:
        if execution.outcome is Outcome.WILL_RETRY:
            self._background.start(self._retry(execution), name=f"workflow retry {execution.callback_id}")

    async def _retry(self, execution: Execution) -> None:
        """Call until the outcome is final; when a repeat came between, its own retries go on instead of these."""
        while (planned := execution.next_attempt_at) is not None:
            seen = len(execution.attempts)
            await self._clock.wait_until(planned)
            if len(execution.attempts) != seen:
                return
            await self._attempt(execution)

    def _make_room(self) -> None:
        if len(self._executions) < MAX_EXECUTIONS:
            return
        for callback_id, execution in self._executions.items():
            if execution.outcome is not Outcome.WILL_RETRY:
                del self._executions[callback_id]
                return
        raise TooManyExecutionsError


def retry_delay(answer: Answer, earlier_attempts: int) -> float:
    """Seconds until the next attempt: Retry-After of a 429 in milliseconds, else the exponential back-off."""
    retry_after = answer.headers.get("retry-after", "")
    if answer.status == TOO_MANY_REQUESTS and retry_after.isascii() and retry_after.isdigit():
        return int(retry_after) / 1000
    return min(FIRST_RETRY_SECONDS * 2.0 ** min(earlier_attempts, 30), LONGEST_RETRY_SECONDS)
