"""From HubSpot's answers to typed results and typed errors; total over statuses, headers and bodies.

What a status means stands in one table. A body that cannot be read never hides what its status says.
Sources: hubspot-contract.md section 6.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json

from hubspot_client.errors import (
    AccessTokenExpiredError,
    AccessTokenInvalidError,
    AccountMovingError,
    ConflictError,
    ForbiddenError,
    HubSpotError,
    MalformedAnswerError,
    MissingScopesError,
    NotFoundError,
    RateLimitedError,
    RecordLockedError,
    Refusal,
    ServerFaultError,
    UnknownRefusalError,
    UrlTooLongError,
    ValidationFailedError,
)

_BY_STATUS: Final[Mapping[int, type[HubSpotError]]] = {
    400: ValidationFailedError,
    401: AccessTokenInvalidError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    414: UrlTooLongError,
    423: RecordLockedError,
    429: RateLimitedError,
    477: AccountMovingError,
}

_BY_STATUS_AND_CATEGORY: Final[Mapping[tuple[int, str], type[HubSpotError]]] = {
    (401, "EXPIRED_AUTHENTICATION"): AccessTokenExpiredError,
    (403, "MISSING_SCOPES"): MissingScopesError,
}

# The errors of single items in a batch have a category and no status.
_BY_CATEGORY: Final[Mapping[str, type[HubSpotError]]] = {
    "VALIDATION_ERROR": ValidationFailedError,
    "OBJECT_NOT_FOUND": NotFoundError,
    "OBJECT_ALREADY_EXISTS": ConflictError,
    "CONFLICT": ConflictError,
    "MISSING_SCOPES": MissingScopesError,
    "RATE_LIMITS": RateLimitedError,
    "INTERNAL_ERROR": ServerFaultError,
}

_LONGEST_WAIT_SECONDS: Final = 86_400.0  # moving an account takes up to a day
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


class Result(BaseModel):
    """The root of all that is read from an answer: unknown members are ignored, inputs never quoted in errors."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True, hide_input_in_errors=True)


ResultType = TypeVar("ResultType", bound=Result)
Understand = Callable[[Answer], ResultType]


def understood_as(model: type[ResultType]) -> Callable[[Answer], ResultType]:
    """What makes a `model` of an answer that is a success and an error of any other."""

    def understand(answer: Answer) -> ResultType:
        succeeded(answer)
        return parsed(model, answer)

    return understand


def succeeded(answer: Answer) -> None:
    """Nothing, when the answer is a success.

    Raises:
        HubSpotError: the leaf for the answer's status and category.
    """
    if not is_success(answer.status):
        raise error_of(answer)


def is_success(status: int) -> bool:
    """Whether the status is one of 2xx."""
    return status in _SUCCESSES


def parsed(model: type[ResultType], answer: Answer) -> ResultType:
    """The answer's body as a `model`.

    Raises:
        MalformedAnswerError: the body is not JSON, or not of this form.
    """
    try:
        return model.model_validate_json(answer.content)
    except ValidationError:
        raise MalformedAnswerError(Refusal(status=answer.status)) from None


def error_of(answer: Answer) -> HubSpotError:
    """The error that an answer other than a success stands for."""
    refusal = _refusal(json_object(answer.content), answer.status, answer.retry_after)
    return _error_type(answer.status, refusal.category)(refusal)


def item_error(body: JsonObject) -> HubSpotError:
    """The error of one item of a batch that was answered with 207."""
    refusal = _refusal(body)
    return _BY_CATEGORY.get(refusal.category or "", UnknownRefusalError)(refusal)


def json_object(content: bytes) -> JsonObject:
    """The body as a JSON object; empty when it is anything else."""
    try:
        body = from_json(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def slug(value: object) -> str | None:
    """A machine-readable word that may be logged; nothing when the value is not one."""
    return value if isinstance(value, str) and _SLUG.fullmatch(value) else None


def _error_type(status: int, category: str | None) -> type[HubSpotError]:
    refined = _BY_STATUS_AND_CATEGORY.get((status, category or ""))
    if refined is not None:
        return refined
    if httpx2.codes.is_server_error(status):
        return ServerFaultError
    if httpx2.codes.is_client_error(status):
        return _BY_STATUS.get(status, UnknownRefusalError)
    return MalformedAnswerError


def _refusal(body: JsonObject, status: int | None = None, retry_after: str | None = None) -> Refusal:
    message = body.get("message")
    return Refusal(
        status=status,
        category=slug(body.get("category")) or slug(body.get("errorType")),
        correlation_id=slug(body.get("correlationId")),
        retry_after_seconds=_wait_seconds(retry_after, body.get("policyName")),
        words=message[:_WORDS_LENGTH] if isinstance(message, str) else "",
        missing_scopes=_missing_scopes(body),
    )


def _wait_seconds(retry_after: str | None, policy: object) -> float | None:
    """`Retry-After` in seconds (HubSpot never sends the form with a date), else what the limit's name tells."""
    if retry_after is not None and _SECONDS.fullmatch(retry_after):
        return min(float(retry_after), _LONGEST_WAIT_SECONDS)
    return 1.0 if policy == "SECONDLY" else None


def _missing_scopes(body: JsonObject) -> tuple[str, ...]:
    """`errors[].context.requiredGranularScopes`, in order."""
    errors = body.get("errors")
    contexts = [error.get("context") for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    lists = [context.get("requiredGranularScopes") for context in contexts if isinstance(context, dict)]
    return tuple(scope for scopes in lists if isinstance(scopes, list) for scope in scopes if slug(scope))
