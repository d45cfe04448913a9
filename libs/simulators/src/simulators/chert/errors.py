"""The Messaging API's failures: the code registry, the exception, and the two bodies they travel in.

Registry and bodies as Chert publishes them: an envelope with `error` inside, and on `POST /send` a flat body
without a trace id. The code is stable; the HTTP status is the route's choice, so it can be given with the error.
"""

from enum import IntEnum

from simulators.chert.models import JsonObject


class Code(IntEnum):
    """The registry's numbers that this simulator answers with."""

    MISSING_FIELD = 1001
    INVALID_FIELD = 1002
    INVALID_PHONE = 1003
    INVALID_JSON = 1004
    URL_IN_FIRST_MESSAGE = 1005
    TOO_MANY_PARTS = 1006
    ADJACENT_TEXT_PARTS = 1008
    TEXT_TOO_LONG = 1009
    WRONG_STATE = 1012
    TENANT_NOT_FOUND = 2001
    CHAT_NOT_FOUND = 2002
    MESSAGE_NOT_FOUND = 2003
    BAD_SIGNATURE = 2004
    FORBIDDEN = 2005
    PHONE_NOT_ASSIGNED = 2006
    ACCOUNT_LIMIT = 2008
    NOT_FOUND = 2011
    NO_CREDENTIALS = 2012
    TIMESTAMP_SKEW = 2013
    INTERNAL = 3001
    DELIVERY_UNAVAILABLE = 3002
    DELIVERY_SERVICE = 3004
    LINES_SATURATED = 4002
    NOT_SUPPORTED = 4099
    ATTACHMENT_NOT_FOUND = 5001


STATUS: dict[Code, int] = {
    Code.MISSING_FIELD: 400,
    Code.INVALID_FIELD: 400,
    Code.INVALID_PHONE: 400,
    Code.INVALID_JSON: 400,
    Code.URL_IN_FIRST_MESSAGE: 400,
    Code.TOO_MANY_PARTS: 400,
    Code.ADJACENT_TEXT_PARTS: 400,
    Code.TEXT_TOO_LONG: 400,
    Code.WRONG_STATE: 409,
    Code.TENANT_NOT_FOUND: 404,
    Code.CHAT_NOT_FOUND: 404,
    Code.MESSAGE_NOT_FOUND: 404,
    Code.BAD_SIGNATURE: 401,
    Code.FORBIDDEN: 403,
    Code.PHONE_NOT_ASSIGNED: 400,
    Code.ACCOUNT_LIMIT: 402,
    Code.NOT_FOUND: 404,
    Code.NO_CREDENTIALS: 401,
    Code.TIMESTAMP_SKEW: 401,
    Code.INTERNAL: 500,
    Code.DELIVERY_UNAVAILABLE: 503,
    Code.DELIVERY_SERVICE: 502,
    Code.LINES_SATURATED: 503,
    Code.NOT_SUPPORTED: 422,
    Code.ATTACHMENT_NOT_FOUND: 404,
}
RETRYABLE = frozenset({Code.INTERNAL, Code.DELIVERY_UNAVAILABLE, Code.DELIVERY_SERVICE, Code.LINES_SATURATED})


class ChertError(Exception):
    """A refusal of the Messaging API; `retry_after` is in seconds, `attachment_index` is the part at fault."""

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        status: int | None = None,
        retry_after: int | None = None,
        attachment_index: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = STATUS[code] if status is None else status
        self.retryable = code in RETRYABLE
        self.retry_after = retry_after
        self.attachment_index = attachment_index

    def fields(self) -> JsonObject:
        """Code, message, retryability and what the code brings along: the part both bodies share."""
        fields: JsonObject = {"code": int(self.code), "message": self.message, "retryable": self.retryable}
        if self.retry_after is not None:
            fields["retry_after"] = self.retry_after
        if self.attachment_index is not None:
            fields["attachment_index"] = self.attachment_index
        return fields

    def headers(self) -> dict[str, str]:
        """`Retry-After`, which mirrors `retry_after`."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


def envelope(error: ChertError, trace_id: str) -> JsonObject:
    """The failure body of every route but `/send`."""
    return {"success": False, "error": {"status": error.status, **error.fields()}, "trace_id": trace_id}


def flat(error: ChertError) -> JsonObject:
    """The failure body of `/send`: no nesting, no trace id (Chert publishes these two facts, the rest is ours)."""
    return {"status": "failed", **error.fields()}
