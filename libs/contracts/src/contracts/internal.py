"""Internal HTTP: what the services answer each other (`architecture.md`, rules 5 and 7).

Every call carries `Authorization: Bearer <service credential>`; a refusal is a `contracts.failures.Failure`.
"""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.messages import MessagePart, Source
from contracts.tenants import TenantSnapshot


class AccessToken(BaseModel):
    """`POST /internal/tenants/{portal_id}/access-token`: a token that lives at least 60 s more.

    Attributes:
        access_token: HubSpot's bearer token; keep it in memory only.
        expires_at: when it ends.
        generation: the install it belongs to.
    """

    model_config = ConfigDict(frozen=True)

    access_token: str = Field(repr=False)
    expires_at: datetime
    generation: int


class TenantCheck(BaseModel):
    """`GET /internal/tenants/{portal_id}`: what is true of an account right now.

    Attributes:
        status: `unknown` means that this account never connected.
        tenant: the snapshot, unless unknown.
    """

    model_config = ConfigDict(frozen=True)

    status: Literal["active", "inactive", "purged", "unknown"]
    tenant: TenantSnapshot | None = None


class ReplicaKeys(BaseModel):
    """One process of `oauth`: the keys that it knows, the one its ring names current, and the one it seals with."""

    model_config = ConfigDict(frozen=True)

    id: str
    keys: tuple[str, ...]
    wanted_key: str
    sealing_key: str


class KeyReport(BaseModel):
    """`GET /ops/keys` of `oauth`: where a rotation of the sealing key stands; ids of keys, never a key.

    Attributes:
        sealing_key: what all processes agreed on; none before the first agreement.
        replicas: every process that counts as alive.
        sealed: how many tokens lie under each key.
        free: keys that may leave the ring, once two reports some seconds apart say so.
    """

    model_config = ConfigDict(frozen=True)

    sealing_key: str | None
    replicas: tuple[ReplicaKeys, ...]
    sealed: dict[str, int]
    free: tuple[str, ...]


class SendActivity(BaseModel):
    """One send, as an admin may see it: without its text, the number masked.

    Attributes:
        at: when it was asked for.
        project_id: whose project it was sent in; nobody else's admins may see it.
        source: what asked.
        contact_id: HubSpot's contact.
        phone: the number, all but its end masked; empty when none was usable.
        status: `waiting` means that nothing final is known yet.
        code: in the registry, when it was refused or put off.
        words: why, in stable words.
        trace_id: finds the work in logs.
    """

    model_config = ConfigDict(frozen=True)

    at: datetime
    project_id: str
    source: Source
    contact_id: str
    phone: str = ""
    status: Literal["sent", "refused", "waiting"]
    code: int | None = None
    words: str = ""
    trace_id: str


class SendActivityPage(BaseModel):
    """`GET /internal/activity/{portal_id}` of `actions`: the latest sends, newest first.

    Attributes:
        sends: at most as many as were asked for.
        card_opened_at: when the card last asked for its content; none if never, or if that is not known.
        action_called_at: when the workflow action was last called; none if never.
    """

    model_config = ConfigDict(frozen=True)

    sends: tuple[SendActivity, ...] = ()
    card_opened_at: datetime | None = None
    action_called_at: datetime | None = None


ReplyStatus = Literal["written", "waiting", "unmatched", "failed", "superseded", "erased", "expired"]
"""Of a reply: on the timeline, on its way there, without a contact, given up, its account moved to another project,
forgotten with its contact, or not delivered within the account's retention."""


class ReplyActivity(BaseModel):
    """One reply, as an admin may see it: without its text, the number masked.

    Attributes:
        at: when it arrived.
        project_id: whose project it arrived in.
        contact_id: HubSpot's contact, once it is known.
        phone: the number, all but its end masked.
        status: how far it is.
        words: why, unless it is on the timeline.
        trace_id: finds the work in logs.
    """

    model_config = ConfigDict(frozen=True)

    at: datetime
    project_id: str
    contact_id: str | None = None
    phone: str = ""
    status: ReplyStatus
    words: str = ""
    trace_id: str


class BreakerState(BaseModel):
    """Whether writing to an account's timelines is resting after failures, since when and why."""

    model_config = ConfigDict(frozen=True)

    open: bool
    since: datetime | None = None
    words: str = ""


class ReplyActivityPage(BaseModel):
    """`GET /internal/activity/{portal_id}` of `timeline`: the latest replies, newest first, and the breaker."""

    model_config = ConfigDict(frozen=True)

    replies: tuple[ReplyActivity, ...] = ()
    breaker: BreakerState | None = None


class MessageAtAccount(BaseModel):
    """How a message stands at one HubSpot account.

    Attributes:
        portal_id: the account.
        project_id: whose project it arrived in; nobody else may see it.
        contact_id: on whose timeline it is, or is to be; none while that is not known.
        status: how far it is.
        words: why, unless it is on the timeline.
        trace_id: finds the work in logs.
    """

    model_config = ConfigDict(frozen=True)

    portal_id: int
    project_id: str
    contact_id: str | None = None
    status: ReplyStatus
    words: str = ""
    trace_id: str


class InboundMessage(BaseModel):
    """`GET /internal/messages/{chert_tenant}/{message_id}` of `timeline`: one message with its content, for its page.

    Attributes:
        received_at: when it arrived.
        content_kept: whether sender and parts are still kept; they go with an erased contact, or when their time ends.
        sender: handle of the sender; empty when it is not kept.
        is_group: whether the conversation has more than one other person.
        parts: the content, in order; empty when it is not kept.
        accounts: that were given it, by account id.
    """

    model_config = ConfigDict(frozen=True)

    received_at: datetime
    content_kept: bool
    sender: str = Field(default="", repr=False)
    is_group: bool = False
    parts: tuple[MessagePart, ...] = Field(default=(), repr=False)
    accounts: tuple[MessageAtAccount, ...]
