"""The execution request of a custom workflow action (hubspot-contract.md, section 4.2).

Only what a send cannot do without is demanded; the rest is documented loosely, so a member of another form counts as
absent: refusing it would lose the enrolment for good.
"""

from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from actions.models import Contact, SendRequest

MAX_ID: Final = 2**63 - 1
"""The largest number that the database can hold; HubSpot's ids are far below."""


def _object_or_none(value: object) -> object:
    return value if isinstance(value, dict) else None


def _number_or_none(value: object) -> object:
    return value if type(value) is int and 0 <= value <= MAX_ID else None


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
    action_execution_index_identifier: Annotated[ExecutionIndex | None, BeforeValidator(_object_or_none)] = None


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
    properties: Annotated[Properties | None, BeforeValidator(_object_or_none)] = None


class InputFields(_Part):
    """What the workflow's author filled in."""

    message: str | None = None


class ExecutionRequest(_Part):
    """One execution of the action "Send iMessage via Chert"."""

    callback_id: str = Field(min_length=1, max_length=200)
    origin: Origin
    context: Annotated[WorkflowContext | None, BeforeValidator(_object_or_none)] = None
    object: EnrolledObject
    input_fields: InputFields | None = None
    fields: InputFields | None = None

    def to_send_request(self) -> SendRequest:
        """What is to be sent, under the keys that make it once."""
        return SendRequest(
            key=f"wf:{self.origin.portal_id}:{self.callback_id}",
            alias=self._alias(),
            portal_id=self.origin.portal_id,
            contact=self._contact(),
            source="workflow",
            template=self._message(),
            workflow_id=self._workflow_id(),
        )

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
