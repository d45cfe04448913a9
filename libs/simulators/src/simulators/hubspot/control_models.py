"""What the control API takes and gives, in one module, as its document lists it.

Moments are Unix seconds by the simulator's clock.
"""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from simulators.hubspot.deliveries import EVENTS_PER_REQUEST, Delivery, DeliveryStatus
from simulators.hubspot.models import Communication, Contact, Portal
from simulators.hubspot.outcomes import Outcome
from simulators.hubspot.signing import SignatureVersion
from simulators.hubspot.workflows import DEFAULT_WORKFLOW_ID, Execution

MAX_EVENTS = 100 * EVENTS_PER_REQUEST
WITHHELD = "scopes left out of a grant without a word, even those that the app requires"


class _View(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class PortalOrder(BaseModel):
    """A new account."""

    portal_id: int = Field(ge=1)
    name: str = Field(min_length=1, max_length=200)
    unavailable_scopes: list[str] = Field(default_factory=list, description="scopes that its plan cannot grant")
    withheld_scopes: list[str] = Field(default_factory=list, description=WITHHELD)


class PortalChange(BaseModel):
    """What an account may grant and which contact properties it lacks from now on; what is not named stays."""

    model_config = ConfigDict(extra="forbid")

    unavailable_scopes: list[str] | None = None
    withheld_scopes: list[str] | None = None
    missing_properties: list[str] | None = None


class OutageOrder(BaseModel):
    """How every call for one account is answered for a while: 423, 429, 477 or a fault of HubSpot's."""

    status: int = Field(ge=400, le=599)
    seconds: float = Field(ge=0, description="for how long, by the simulator's clock; 0 ends it")
    retry_after_seconds: int | None = Field(default=None, ge=0)


class ContactsOrder(BaseModel):
    """Properties of new contacts."""

    contacts: list[dict[str, str]] = Field(max_length=10_000)


class ContactsCreated(BaseModel):
    """The new contacts, in the order given."""

    ids: list[str]


class HistoryOrder(BaseModel):
    """Messages that were logged on a contact's timeline before anyone looked."""

    count: int = Field(ge=1, le=1_000)


class PortalView(BaseModel):
    """An account."""

    portal_id: int
    name: str
    installed: bool

    @classmethod
    def of(cls, portal: Portal) -> Self:
        """The account as it is now."""
        return cls(portal_id=portal.portal_id, name=portal.name, installed=portal.install is not None)


class ContactOrder(BaseModel):
    """Properties of a contact."""

    properties: dict[str, str]


class ContactCreated(BaseModel):
    """The new contact."""

    id: str


class ContactView(BaseModel):
    """A contact record."""

    id: str
    portal_id: int
    properties: dict[str, str]
    created_at: float

    @classmethod
    def of(cls, portal: Portal, contact: Contact) -> Self:
        """The contact as it is now."""
        return cls(
            id=contact.contact_id,
            portal_id=portal.portal_id,
            properties=contact.properties,
            created_at=contact.created_at,
        )


class CommunicationView(BaseModel):
    """A logged message."""

    id: str
    portal_id: int
    contact_ids: list[str]
    properties: dict[str, str]
    created_at: float
    write_trace_id: str | None

    @classmethod
    def of(cls, message: Communication) -> Self:
        """The message as it is now."""
        return cls(
            id=message.communication_id,
            portal_id=message.portal_id,
            contact_ids=message.contact_ids,
            properties=message.properties,
            created_at=message.created_at,
            write_trace_id=message.write_trace_id,
        )


class Logged(BaseModel):
    """Messages of all accounts, in the order in which they were logged."""

    communications: list[CommunicationView]


class Timeline(BaseModel):
    """A contact's timeline, newest message first by the message's own timestamp."""

    communications: list[CommunicationView]


class InstallView(_View):
    """The app, connected to an account."""

    portal_id: int
    installed_at: float
    scopes: list[str]


class Ledger(BaseModel):
    """The truth: everything this HubSpot holds, in the order it came to be."""

    portals: list[PortalView]
    installs: list[InstallView]
    contacts: list[ContactView]
    communications: list[CommunicationView]


class ExecutionOrder(BaseModel):
    """A contact that reaches the action, or a repeat of an earlier call, named by its callback id."""

    contact_id: str | None = None
    input_fields: dict[str, str] | None = Field(default=None, description="a repeat without them sends the old ones")
    workflow_id: int = DEFAULT_WORKFLOW_ID
    enrollment_id: int | None = Field(default=None, description="a new one when absent")
    action_execution_index: int = 0
    callback_id: str | None = Field(default=None, description="repeat this execution with a fresh signature")
    signatures: list[SignatureVersion] = [SignatureVersion.V2, SignatureVersion.V3]

    @model_validator(mode="after")
    def _names_a_contact_or_a_call(self) -> Self:
        if self.callback_id is None and self.contact_id is None:
            raise ValueError("contact_id is needed, or the callback_id of an earlier call")
        return self


class ExecutionResult(BaseModel):
    """What the call just made came to."""

    callback_id: str
    status: int = Field(description="0 when no answer came")
    body: dict[str, JsonValue] = Field(description="the answer's JSON object; empty when it was none")
    outcome: Outcome
    attempts: int


class AttemptView(_View):
    """One call of the app."""

    at: float
    status: int | None = Field(description="null when no answer came")
    body: str
    error: str | None
    outcome: Outcome


class CompletionView(_View):
    """One call that wanted to complete a blocked step."""

    at: float
    output_fields: dict[str, str]
    applied: bool = Field(description="whether the step still waited and is ended by this call")


class BlockView(_View):
    """Until when a step is blocked, and the calls that wanted to complete it."""

    until: float | None
    completions: list[CompletionView]


class ExecutionView(_View):
    """An execution with every attempt."""

    callback_id: str
    portal_id: int
    payload: dict[str, JsonValue]
    outcome: Outcome
    next_attempt_at: float | None
    attempts: list[AttemptView]
    block: BlockView

    @classmethod
    def of(cls, execution: Execution) -> Self:
        """The execution as it stands."""
        return cls.model_validate(execution)


class ExecutionList(BaseModel):
    """Executions, oldest first."""

    executions: list[ExecutionView]


class UninstallOrder(BaseModel):
    """How the app is told; by default as the switch `push_uninstall` says."""

    push: bool | None = None


class UninstallResult(BaseModel):
    """The delivery that tells the app, if it is told."""

    portal_id: int
    delivery_id: str | None


class EventsOrder(BaseModel):
    """Webhook events, delivered exactly as given, in arrays of at most a hundred."""

    portal_id: int
    events: list[JsonValue] = Field(min_length=1, max_length=MAX_EVENTS)


class DeliveryAttemptView(_View):
    """One try to deliver."""

    at: float
    status: int | None
    error: str | None


class DeliveryView(_View):
    """One array of events and how its delivery goes."""

    delivery_id: str
    portal_id: int
    url: str
    events: list[JsonValue]
    status: DeliveryStatus
    attempts: list[DeliveryAttemptView]
    next_attempt_at: float | None

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """The delivery as it stands."""
        return cls.model_validate(delivery)


class DeliveryList(BaseModel):
    """Deliveries, oldest first."""

    deliveries: list[DeliveryView]


class SwitchesView(_View):
    """How this HubSpot behaves."""

    push_uninstall: bool = Field(description="an uninstall is also pushed to the app")
    journal: bool = Field(description="the journal answers; off, it is 503 and goes on writing things down")
    omit_hub_id: bool = Field(description="token answers lack hub_id")
    reuse_refresh_token: bool = Field(description="a new install of an account with a live grant gets its old token")
    authorize_error: str = Field(description="what the authorize screen answers the app whatever is decided; '' is off")
    repeat_card_calls: bool = Field(description="each call of a card reaches the app twice, as after a lost answer")
    search_lag_seconds: float = Field(description="how long after a write the search finds it")
    association_lag_seconds: float = Field(description="how long after a write its association can be read")
    rewrite_bodies: bool = Field(description="the HTML of a logged message is kept in HubSpot's own form")
    refused_text: str = Field(description="a message with this in its body breaks the account's rules; '' is off")
    burst_limit: int = Field(description="calls per 10 s and account")
    search_limit: int = Field(description="searches per second and account")


class SwitchesOrder(BaseModel):
    """The switches to change."""

    model_config = ConfigDict(extra="forbid")

    push_uninstall: bool | None = None
    journal: bool | None = None
    omit_hub_id: bool | None = None
    reuse_refresh_token: bool | None = None
    authorize_error: str | None = Field(default=None, max_length=1000)
    repeat_card_calls: bool | None = None
    search_lag_seconds: float | None = Field(default=None, ge=0)
    association_lag_seconds: float | None = Field(default=None, ge=0)
    rewrite_bodies: bool | None = None
    refused_text: str | None = Field(default=None, max_length=1000)
    burst_limit: int | None = Field(default=None, ge=0)
    search_limit: int | None = Field(default=None, ge=0)
