"""What is asked: signed requests, contacts, and one message that somebody wants sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from actions.models.steps import StepPlan
from contracts.messages import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """An HTTP request as it came over the wire, which is what signatures cover.

    Attributes:
        method: upper case.
        target: raw path and raw query, nothing decoded.
        headers: those that came exactly once, names in lower case.
        body: raw.
    """

    method: str
    target: bytes
    headers: Mapping[str, bytes] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Contact:
    """What HubSpot told about the contact; an absent property is empty."""

    id: str
    phone: str = field(default="", repr=False)
    mobilephone: str = field(default="", repr=False)
    firstname: str = field(default="", repr=False)
    lastname: str = field(default="", repr=False)
    company: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class LineChoice:
    """The line that a request names; none is "Pool default": the recipient's own line, or whichever Chert takes."""

    phone_line_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRequest:
    """One message that somebody wants sent.

    Attributes:
        key: with a meaning, the same for each repeat of this request (`architecture.md`, rule 2).
        alias: a second name that guards against a repeat under another key, if there is one.
        portal_id: the account.
        contact: the recipient.
        source: what asked.
        template: the message, its tags not yet replaced.
        workflow_id: the workflow, when one asked.
        user_id: the HubSpot user, when a person asked.
        line: the line that was asked for; none leaves it to the account's setting.
        step: what the workflow chose, when one asked.
    """

    key: str
    alias: str | None = None
    portal_id: int
    contact: Contact
    source: Source
    template: str = field(repr=False)
    workflow_id: int | None = None
    user_id: int | None = None
    line: LineChoice | None = None
    step: StepPlan | None = None
