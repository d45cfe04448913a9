"""The execution request of a custom workflow action (hubspot-contract.md, section 4.2).

Only what a send cannot do without is demanded; the rest is documented loosely, so a member of another form counts as
absent: refusing it would lose the enrolment for good.
"""

from collections.abc import Sequence
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from actions.errors import UnsendableError
from actions.models import WAIT_DAYS, Contact, LineChoice, SendRequest, StepPlan, WhenNotNow
from contracts.failures import Code

MAX_ID: Final = 2**63 - 1
"""The largest number that the database can hold; HubSpot's ids are far below."""


def object_or_none(value: object) -> object:
    """The value, if it is an object; a member of another form counts as absent."""
    return value if isinstance(value, dict) else None


def _number_or_none(value: object) -> object:
    return value if type(value) is int and 0 <= value <= MAX_ID else None


WHEN_NOT_NOW: Final[tuple[WhenNotNow, ...]] = ("default", "refuse", "wait")
AFTER_SENDING: Final = ("continue", "wait_for_reply")
POOL: Final = "pool"
"""The option "Pool default"."""

LONGEST_DAYS: Final = 30
"""The longest that a step may wait, each time."""

_MAX_LINE_ID: Final = 100

Choice = TypeVar("Choice", bound=str)


def one_of(name: str, value: str, choices: Sequence[Choice]) -> Choice:
    """A choice; the first when nothing was chosen.

    Raises:
        UnsendableError: it is none of them (1002).
    """
    found = next((choice for choice in choices if choice == (value or choices[0])), None)
    if found is None:
        raise UnsendableError(Code.INVALID_FIELD, f"{name} has a value that is not allowed")
    return found


def days(name: str, value: str) -> int | None:
    """A number of days; none when nothing was filled in.

    Raises:
        UnsendableError: it is no number from 1 to 30 (1002).
    """
    if not value:
        return None
    if not (value.isascii() and value.isdecimal() and len(value) <= 2 and 1 <= int(value) <= LONGEST_DAYS):  # noqa: PLR2004 - "30" has two digits
        raise UnsendableError(Code.INVALID_FIELD, f"{name} is not a number from 1 to {LONGEST_DAYS}")
    return int(value)


def chosen_line(value: str) -> LineChoice | None:
    """The line that was chosen; none when nothing was.

    Raises:
        UnsendableError: it can be no line's id (1002).
    """
    if not value:
        return None
    if len(value) > _MAX_LINE_ID:
        raise UnsendableError(Code.INVALID_FIELD, "phone_line_id is not a line")
    return LineChoice(None if value == POOL else value)


def _text_or_empty(value: object) -> object:
    return value if isinstance(value, str) else ""


Id = Annotated[int, Field(gt=0, le=MAX_ID)]
LooseNumber = Annotated[int | None, BeforeValidator(_number_or_none)]
LooseText = Annotated[str, BeforeValidator(_text_or_empty)]


class _Part(BaseModel):
    """Named as HubSpot names it; members that nobody reads are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class ExecutionIndex(_Part):
    """Which step of which enrolment this is; the id may be absent or 0."""

    enrollment_id: LooseNumber = None
    action_execution_index: LooseNumber = None


class Origin(_Part):
    """Whose workflow it is."""

    portal_id: Id
    action_execution_index_identifier: Annotated[ExecutionIndex | None, BeforeValidator(object_or_none)] = None


class WorkflowContext(_Part):
    """What called."""

    workflow_id: LooseNumber = None


class Properties(_Part):
    """The contact's properties that the action asks for."""

    phone: LooseText = ""
    mobilephone: LooseText = ""
    firstname: LooseText = ""
    lastname: LooseText = ""
    company: LooseText = ""


class EnrolledObject(_Part):
    """The contact that reached the action."""

    object_id: Id
    properties: Annotated[Properties | None, BeforeValidator(object_or_none)] = None


class InputFields(_Part):
    """What the workflow's author filled in; HubSpot sends every value as text, and leaves out what is empty."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=None)

    message: str | None = None
    phone_line_id: LooseText = ""
    if_not_now: LooseText = ""
    if_not_now_days: LooseText = ""
    after_sending: LooseText = ""
    reply_days: LooseText = ""


class ExecutionRequest(_Part):
    """One execution of the action "Send iMessage via Chert"."""

    callback_id: str = Field(min_length=1, max_length=200)
    origin: Origin
    context: Annotated[WorkflowContext | None, BeforeValidator(object_or_none)] = None
    object: EnrolledObject
    input_fields: InputFields | None = None
    fields: InputFields | None = None

    def to_send_request(self) -> SendRequest:
        """What is to be sent, under the keys that make it once.

        Raises:
            UnsendableError: an input has a value that is not allowed (1002).
        """
        return SendRequest(
            key=f"wf:{self.origin.portal_id}:{self.callback_id}",
            alias=self._alias(),
            portal_id=self.origin.portal_id,
            contact=self._contact(),
            source="workflow",
            template=self._message(),
            workflow_id=self._workflow_id(),
            line=chosen_line(self._inputs().phone_line_id),
            step=self._step(),
        )

    def _step(self) -> StepPlan:
        inputs = self._inputs()
        return StepPlan(
            callback_id=self.callback_id,
            if_not_now=one_of("if_not_now", inputs.if_not_now, WHEN_NOT_NOW),
            wait_days=days("if_not_now_days", inputs.if_not_now_days) or WAIT_DAYS,
            reply_days=self._reply_days(inputs),
        )

    @staticmethod
    def _reply_days(inputs: InputFields) -> int | None:
        waits = one_of("after_sending", inputs.after_sending, AFTER_SENDING) == "wait_for_reply"
        given = days("reply_days", inputs.reply_days)
        return (given or WAIT_DAYS) if waits else None

    def _inputs(self) -> InputFields:
        return self.input_fields or self.fields or InputFields()

    def _alias(self) -> str | None:
        """The step of the enrolment, where HubSpot says it (`architecture.md`, rule 2)."""
        index, workflow_id = self.origin.action_execution_index_identifier, self._workflow_id()
        if index is None or workflow_id is None or not index.enrollment_id or index.action_execution_index is None:
            return None
        step = f"{workflow_id}:{index.enrollment_id}:{index.action_execution_index}"
        return f"wfx:{self.origin.portal_id}:{step}:{self.object.object_id}"

    def _contact(self) -> Contact:
        properties = self.object.properties or Properties()
        return Contact(id=str(self.object.object_id), **properties.model_dump())

    def _message(self) -> str:
        filled_in = (fields.message for fields in (self.input_fields, self.fields) if fields is not None)
        return next((message for message in filled_in if message), "")

    def _workflow_id(self) -> int | None:
        return None if self.context is None else self.context.workflow_id
