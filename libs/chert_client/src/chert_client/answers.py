"""From Chert's answers to typed results and typed errors; total over statuses, headers and bodies.

Chert has two shapes of failure: an envelope with `error` inside, and on `POST /send` a flat body. What a code means
stands in one table. Sources: chert-contract.md sections 13.1, 13.3 and 13.4.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json

from chert_client.errors import (
    AccountLimitError,
    ChertError,
    ConflictError,
    CredentialRejectedError,
    ForbiddenError,
    InvalidRequestError,
    LinesSaturatedError,
    MalformedAnswerError,
    NotConfiguredError,
    NotFoundError,
    NoUsablePhoneError,
    RateLimitedError,
    Refusal,
    ServerFaultError,
    UnknownRefusalError,
)

_KINDS: Final[Mapping[type[ChertError], tuple[int, ...]]] = {
    InvalidRequestError: (
        *(1001, 1002, 1003, 1004, 1005, 1006, 1008, 1009, 1010),
        *(2006, 4098, 4099, 5002, 5003, 5004),
    ),
    RateLimitedError: (1007,),
    ConflictError: (1011, 1012),
    NoUsablePhoneError: (1013,),
    NotFoundError: (2001, 2002, 2003, 2011, 5001),
    CredentialRejectedError: (2004, 2012, 2013),
    ForbiddenError: (2005, 2007, 2010, 2014),
    AccountLimitError: (2008,),
    ServerFaultError: (3001, 3002, 3004, 4001),
    NotConfiguredError: (3003,),
    LinesSaturatedError: (4002,),
}
BY_CODE: Final[Mapping[int, type[ChertError]]] = {code: kind for kind, codes in _KINDS.items() for code in codes}
"""The registry of section 13.3."""

_BY_STATUS: Final[Mapping[int, type[ChertError]]] = {
    400: InvalidRequestError,
    401: CredentialRejectedError,
    402: AccountLimitError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    422: InvalidRequestError,
    429: RateLimitedError,
}
"""What a status means where no code can be read."""

_LONGEST_WAIT_SECONDS: Final = 86_400.0
_WORDS_LENGTH: Final = 1_000
_SLUG: Final = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_SECONDS: Final = re.compile(r"[0-9]{1,9}")

_SUCCESSES: Final = range(200, 300)

JsonObject = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came; `content` is empty when it was larger than the limit."""

    status: int
    content: bytes = field(repr=False)
    retry_after: str | None = None
    trace_id: str | None = None


class Result(BaseModel):
    """The root of all that is read from an answer: unknown members are ignored, inputs never quoted in errors."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True, hide_input_in_errors=True)


ResultType = TypeVar("ResultType", bound=Result)


def understood_as(model: type[ResultType]) -> Callable[[Answer], ResultType]:
    """What makes a `model` of an answer that is a success, and raises the error that any other stands for."""

    def understand(answer: Answer) -> ResultType:
        body = _json_object(answer.content)
        if not is_success(answer.status) or _says_failed(body):
            raise _error(answer, body)
        try:
            return model.model_validate_json(answer.content)
        except ValidationError:
            raise MalformedAnswerError(Refusal(status=answer.status, trace_id=_slug(answer.trace_id))) from None

    return understand


def is_success(status: int) -> bool:
    """Whether the status is one of 2xx."""
    return status in _SUCCESSES


def refusal(answer: Answer) -> ChertError:
    """The error that an answer stands for which is no success."""
    return _error(answer, _json_object(answer.content))


def _json_object(content: bytes) -> JsonObject:
    """The body as a JSON object; empty when it is anything else."""
    try:
        body = from_json(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _says_failed(body: JsonObject) -> bool:
    """Whether a body is a failure by its own word, whatever its status."""
    return body.get("success") is False or body.get("status") == "failed"


def _error(answer: Answer, body: JsonObject) -> ChertError:
    nested = body.get("error")
    facts = nested if isinstance(nested, dict) else body
    code, message, told = facts.get("code"), facts.get("message"), facts.get("retryable")
    refusal = Refusal(
        status=answer.status,
        code=code if type(code) is int else None,
        retryable=told if isinstance(told, bool) else None,
        retry_after_seconds=_wait_seconds(facts.get("retry_after"), answer.retry_after),
        trace_id=_slug(body.get("trace_id")) or _slug(answer.trace_id),
        words=message[:_WORDS_LENGTH] if isinstance(message, str) else "",
    )
    return _kind(refusal.code, answer.status)(refusal)


def _kind(code: int | None, status: int) -> type[ChertError]:
    known = BY_CODE.get(code or 0)
    if known is not None:
        return known
    if httpx2.codes.is_server_error(status):
        return ServerFaultError
    if httpx2.codes.is_client_error(status):
        return UnknownRefusalError if code is not None else _BY_STATUS.get(status, UnknownRefusalError)
    return MalformedAnswerError


def _wait_seconds(told: object, retry_after: str | None) -> float | None:
    """`retry_after` of the body, else the header that mirrors it; both count seconds."""
    if isinstance(told, int | float) and 0 <= told <= _LONGEST_WAIT_SECONDS:
        return float(told)
    if retry_after is not None and _SECONDS.fullmatch(retry_after):
        return min(float(retry_after), _LONGEST_WAIT_SECONDS)
    return None


def _slug(value: object) -> str | None:
    """A machine-readable word that may be logged; nothing when the value is not one."""
    return value if isinstance(value, str) and _SLUG.fullmatch(value) else None
