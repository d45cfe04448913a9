"""Failures as HTTP bodies: the registry of codes and the form that every HubSpot-facing route answers with.

Sources: chert-contract.md sections 13.2 and 13.3; `architecture.md`, rule 6.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from pydantic import BaseModel, ConfigDict


class Code(IntEnum):
    """Numeric codes of the registry that our own routes use; the number is the contract, the name is ours."""

    MISSING_FIELD = 1001
    INVALID_FIELD = 1002
    INVALID_PHONE = 1003
    INVALID_JSON = 1004
    LINK_IN_FIRST_MESSAGE = 1005
    RATE_LIMITED = 1007
    TEXT_TOO_LONG = 1009
    WRONG_STATE = 1012
    NO_USABLE_PHONE = 1013
    TENANT_NOT_FOUND = 2001
    BAD_SIGNATURE = 2004
    FORBIDDEN = 2005
    ACCOUNT_LIMIT = 2008
    NOT_CONNECTED = 2010
    NOT_FOUND = 2011
    NO_CREDENTIALS = 2012
    TIMESTAMP_SKEW = 2013
    OAUTH_STATE = 2014
    INTERNAL = 3001
    UNAVAILABLE = 3002
    NOT_CONFIGURED = 3003
    UPSTREAM = 3004
    DELIVERY_FAILED = 4001
    LINES_SATURATED = 4002
    NOT_SUPPORTED = 4099


@dataclass(frozen=True, slots=True)
class Registered:
    """What the registry says of a code: its usual HTTP status, whether a retry can help, and generic words."""

    status: int
    retryable: bool
    message: str


REGISTRY: Final[dict[Code, Registered]] = {
    Code.MISSING_FIELD: Registered(400, retryable=False, message="A required field is missing."),
    Code.INVALID_FIELD: Registered(400, retryable=False, message="A field has a value that is not allowed."),
    Code.INVALID_PHONE: Registered(400, retryable=False, message="The phone number is not valid; use E.164."),
    Code.INVALID_JSON: Registered(400, retryable=False, message="The body is not valid JSON."),
    Code.LINK_IN_FIRST_MESSAGE: Registered(400, retryable=False, message="A first message must not hold a link."),
    Code.RATE_LIMITED: Registered(429, retryable=True, message="Too many requests; wait and try again."),
    Code.TEXT_TOO_LONG: Registered(400, retryable=False, message="The text is too long."),
    Code.WRONG_STATE: Registered(409, retryable=False, message="The resource is in a state that forbids this."),
    Code.NO_USABLE_PHONE: Registered(409, retryable=False, message="The contact has no usable phone number."),
    Code.TENANT_NOT_FOUND: Registered(404, retryable=False, message="This account is not connected to Chert."),
    Code.BAD_SIGNATURE: Registered(401, retryable=False, message="The signature or session is not valid."),
    Code.FORBIDDEN: Registered(403, retryable=False, message="This is not allowed for you."),
    Code.ACCOUNT_LIMIT: Registered(402, retryable=False, message="The account has reached its limit."),
    Code.NOT_CONNECTED: Registered(403, retryable=False, message="HubSpot is not connected."),
    Code.NOT_FOUND: Registered(404, retryable=False, message="There is nothing at this address."),
    Code.NO_CREDENTIALS: Registered(401, retryable=False, message="Credentials are missing."),
    Code.TIMESTAMP_SKEW: Registered(401, retryable=False, message="The timestamp is outside the accepted window."),
    Code.OAUTH_STATE: Registered(400, retryable=False, message="The install could not be verified; start it again."),
    Code.INTERNAL: Registered(500, retryable=True, message="Something failed on our side."),
    Code.UNAVAILABLE: Registered(503, retryable=True, message="Temporarily unavailable; try again shortly."),
    Code.NOT_CONFIGURED: Registered(500, retryable=False, message="This service is not configured."),
    Code.UPSTREAM: Registered(502, retryable=True, message="A service that this depends on failed."),
    Code.DELIVERY_FAILED: Registered(502, retryable=True, message="The message could not be delivered."),
    Code.LINES_SATURATED: Registered(503, retryable=True, message="All lines are at their limit for now."),
    Code.NOT_SUPPORTED: Registered(422, retryable=False, message="This is not supported here."),
}
"""Every code that we answer with, and nothing guessed: what a code means is decided once, here."""


class Failure(BaseModel):
    """The failure body of every HubSpot-facing route (chert-contract.md, section 13.2).

    Attributes:
        ok: always false.
        error: stable words for a person or a workflow branch, `daily cap reached`.
        code: number in the registry.
        message: generic explanation.
        retryable: whether the same request may succeed later.
        trace_id: finds the request in logs; also in the header `X-Trace-ID`.
        reason: a stable slug where one code has several causes (OAuth state, signatures).
        problems: where several fields were sent, what is wrong with each one that is refused, in words for a person.
    """

    model_config = ConfigDict(frozen=True)

    ok: bool = False
    error: str
    code: int
    message: str
    retryable: bool
    trace_id: str
    reason: str | None = None
    problems: dict[str, str] | None = None
