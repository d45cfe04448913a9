"""What a send is made of: the message it becomes, the claim that makes it once, what was tried, and its answer."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal, Self

from actions.models.outcomes import Outcome, Refused
from actions.models.steps import StepPlan
from contracts.messages import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """The message as it goes to Chert: stored with the claim and sent again unchanged.

    Attributes:
        phone: in E.164.
        body: rendered.
        name: of the contact, when known.
        external_id: the HubSpot contact.
        phone_line_id: which line sends; none leaves the choice to Chert.
    """

    phone: str = field(repr=False)
    body: str = field(repr=False)
    external_id: str
    name: str | None = field(default=None, repr=False)
    phone_line_id: str | None = None
    kind: Literal["outgoing"] = "outgoing"


@dataclass(frozen=True, slots=True)
class Erased:
    """What was to be sent is no longer known: its time is over, or the contact was erased."""

    kind: Literal["erased"] = "erased"


ERASED: Final = Refused(code=1012, error="contact was erased")
"""What is answered in the place of what was removed for privacy."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who is at work on a send (`architecture.md`, rule 9).

    Attributes:
        holder: the call at work; none when the send is free.
        fence: counts the holders.
        beat: counts the turns, which are taking and letting go; every write names the turn it belongs to.
    """

    holder: str | None
    fence: int
    beat: int


AttemptStatus = Literal["begun", "sent", "found", "refused", "unsent", "parked", "unknown", "deferred"]
"""`unsent`: certainly not sent; `parked`: the same, and to be tried later; `unknown`: perhaps sent; `found`: an earlier
attempt had sent it; `deferred`: another claim has the work."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One line of a send's history; lines are only ever added.

    Attributes:
        status: what happened.
        at: when.
        fence: which holder's doing it was.
        trace_id: finds the work in logs.
        code: in the registry, when something was refused or put off.
    """

    status: AttemptStatus
    at: datetime
    fence: int
    trace_id: str
    code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One send: the claim, what is to be sent, what was tried, and the answer once it is final.

    Attributes:
        key: of its request.
        generation: the install that the work started under.
        project_id: the project bound to the account then.
        chert_tenant: the slug of that project.
        fingerprint: of what makes two requests the same; empty, and like any other, once the content is erased.
        plan: the message, or why there is none.
        claimed_at: when it was first asked for.
        attempts: oldest first.
        same_as: the key of the send that has the work, when this request came before under that one.
        answer: none while nothing final is known.
        step: what the workflow chose, when one asked.
        parked_until: when it is tried again, while Chert cannot send it and its step waits.
        number_hash: keyed hash of the number that the message was to go to, by which operators find it.
    """

    key: str
    portal_id: int
    generation: int
    project_id: str
    chert_tenant: str
    contact_id: str
    source: Source
    workflow_id: int | None
    user_id: int | None
    fingerprint: str
    plan: Outgoing | Refused | Erased
    claimed_at: datetime
    lease: Lease
    attempts: tuple[Attempt, ...]
    same_as: str | None = None
    answer: Outcome | None = None
    step: StepPlan | None = None
    parked_until: datetime | None = None
    number_hash: str | None = None

    def came_from(self, fingerprint: str) -> bool:
        """Whether it came from a request with this fingerprint, as far as that is still known."""
        return self.fingerprint in {fingerprint, ""}

    def settled(
        self, ended: Attempt, *, answer: Outcome | None, same_as: str | None, parked_until: datetime | None
    ) -> Self:
        """The send after its holder let go of it, with what became known."""
        return replace(
            self,
            lease=replace(self.lease, holder=None, beat=self.lease.beat + 1),
            attempts=(*self.attempts, ended),
            answer=answer or self.answer,
            same_as=same_as,
            parked_until=parked_until,
        )
