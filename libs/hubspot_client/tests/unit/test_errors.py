import json
import re
from inspect import getdoc

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubspot_client import errors
from hubspot_client.answers import Answer, error_of, item_error
from hubspot_client.connection import FAILURES
from hubspot_client.errors import HubSpotError, Refusal


def below(kind: type) -> set[type]:
    """The class and all its subclasses."""
    return {kind}.union(*(below(child) for child in kind.__subclasses__()))


def leaves(kind: type) -> set[type]:
    """The subclasses that have none themselves."""
    return {child for child in below(kind) if not child.__subclasses__()}


def answer(status: int, body: object = None, retry_after: str | None = None) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, json.dumps(body).encode(), retry_after)


def test_the_drawn_tree_is_the_tree() -> None:
    """The module's docstring draws every class at its depth, with what each leaf says of itself."""
    rows = re.findall(r"^ {4}([ │├└─]*)(\w+Error)(?: +(yes|no) +(yes|no)\b)?", errors.__doc__ or "", re.MULTILINE)
    drawn = {name: (len(indent) // 4, retryable, happened) for indent, name, retryable, happened in rows}
    said = {True: "yes", False: "no"}
    actual = {
        kind.__name__: (
            len(kind.__mro__) - len(HubSpotError.__mro__),
            said[kind.retryable] if kind in leaves(HubSpotError) else "",
            said[kind.may_have_happened] if kind in leaves(HubSpotError) else "",
        )
        for kind in below(HubSpotError)
    }

    assert drawn == actual


def test_only_what_fails_before_sending_counts_as_not_sent() -> None:
    """Connecting and waiting for a connection come before the first byte; everything else may have sent some."""
    before = {
        httpx2.ConnectError,
        httpx2.ConnectTimeout,
        httpx2.PoolTimeout,
        httpx2.ProxyError,
        httpx2.UnsupportedProtocol,
    }

    assert before == {failure for failure, leaf in FAILURES.items() if leaf is errors.NotSentError}


def test_every_failure_of_the_transport_has_a_leaf() -> None:
    """No exception of the HTTP library is unmapped, whatever a later version adds."""
    assert leaves(httpx2.RequestError) == set(FAILURES)
    assert set(FAILURES.values()) <= leaves(HubSpotError)


@pytest.mark.parametrize(
    ("status", "category", "expected"),
    [
        (302, None, errors.MalformedAnswerError),
        (400, "VALIDATION_ERROR", errors.ValidationFailedError),
        (401, "EXPIRED_AUTHENTICATION", errors.AccessTokenExpiredError),
        (401, "INVALID_AUTHENTICATION", errors.AccessTokenInvalidError),
        (401, None, errors.AccessTokenInvalidError),
        (403, "MISSING_SCOPES", errors.MissingScopesError),
        (403, None, errors.ForbiddenError),
        (404, "OBJECT_NOT_FOUND", errors.NotFoundError),
        (409, "CONFLICT", errors.ConflictError),
        (414, None, errors.UrlTooLongError),
        (418, None, errors.UnknownRefusalError),
        (423, None, errors.RecordLockedError),
        (429, "RATE_LIMITS", errors.RateLimitedError),
        (477, None, errors.AccountMovingError),
        *((status, None, errors.ServerFaultError) for status in (500, 502, 503, 504, *range(521, 527))),
    ],
)
def test_every_status_of_the_contract_has_its_leaf(
    status: int, category: str | None, expected: type[HubSpotError]
) -> None:
    """hubspot-contract.md section 6, row by row."""
    error = error_of(answer(status, {"category": category, "correlationId": "c-1"}))

    assert expected is type(error)
    assert status == error.status
    assert "c-1" == error.correlation_id


@given(
    status=st.integers(min_value=300, max_value=999),
    content=st.binary()
    | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(lambda x: json.dumps(x).encode()),
    retry_after=st.none() | st.text(),
)
def test_any_answer_that_is_no_success_is_a_leaf(status: int, content: bytes, retry_after: str | None) -> None:
    """HTML, truncated JSON or nothing at all: the status decides, and nothing else is ever raised."""
    error = error_of(Answer(status, content, retry_after))

    assert type(error) in leaves(HubSpotError)
    assert isinstance(error.retryable, bool)
    assert isinstance(error.may_have_happened, bool)


@given(
    body=st.dictionaries(
        st.sampled_from(["category", "context", "errors", "message", "correlationId", "policyName", "errorType"]),
        st.recursive(
            st.none() | st.booleans() | st.text() | st.floats(allow_nan=False),
            lambda inner: (
                st.lists(inner) | st.dictionaries(st.just("context") | st.just("requiredGranularScopes"), inner)
            ),
        ),
    )
)
def test_members_of_any_type_are_tolerated(body: dict[str, object]) -> None:
    """A member of the wrong type counts as absent."""
    assert isinstance(error_of(answer(403, body)), errors.RefusedError)
    assert isinstance(item_error(body), HubSpotError)


def test_a_nesting_bomb_is_only_an_unreadable_body() -> None:
    """Ten thousand brackets do not exhaust the stack."""
    assert errors.ForbiddenError is type(error_of(Answer(403, b"[" * 10_000)))


@pytest.mark.parametrize(
    ("status", "body", "retry_after", "expected"),
    [
        (429, {}, "7", 7.0),
        (429, {"policyName": "TEN_SECONDLY_ROLLING"}, None, 10.0),
        (429, {"policyName": "SECONDLY"}, None, 1.0),
        (429, {}, "soon", 10.0),
        (423, {}, None, 2.0),
        (423, {}, "1", 2.0),
        (423, {}, "30", 30.0),
        (477, {}, "86400", 86_400.0),
        (477, {}, "999999999", 86_400.0),
        (477, {}, None, None),
        (503, {}, "5", 5.0),
        (503, {}, "-5", None),
    ],
)
def test_how_long_to_wait(status: int, body: dict[str, str], retry_after: str | None, expected: float | None) -> None:
    """Retry-After counts in seconds here; without it a full window or a locked record has its own length."""
    assert expected == error_of(answer(status, body, retry_after)).retry_after_seconds


def test_missing_scopes_are_named() -> None:
    """A 403 for a missing scope carries the scopes HubSpot asks for, in order."""
    context = {"requiredGranularScopes": ["automation", "oauth"]}
    error = error_of(answer(403, {"category": "MISSING_SCOPES", "errors": [{"context": context}]}))

    assert isinstance(error, errors.MissingScopesError)
    assert ("automation", "oauth") == error.required_scopes


def test_the_text_of_an_error_never_quotes_hubspot() -> None:
    """HubSpot's words may hold a phone number: they are kept aside, out of text and repr."""
    error = error_of(answer(400, {"category": "VALIDATION_ERROR", "message": "+14155550100 is not valid"}))

    assert "ValidationFailedError status=400 category=VALIDATION_ERROR" == str(error)
    assert "4155550100" not in repr(error)
    assert "+14155550100 is not valid" == error.words


@pytest.mark.parametrize("category", ["has spaces", "x" * 200, "line\nbreak", 7])
def test_only_a_slug_passes_for_a_category(category: object) -> None:
    """What goes into a log is a short word, whatever the answer holds."""
    assert None is error_of(answer(400, {"category": category})).category


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("VALIDATION_ERROR", errors.ValidationFailedError),
        ("OBJECT_NOT_FOUND", errors.NotFoundError),
        ("CONFLICT", errors.ConflictError),
        ("RATE_LIMITS", errors.RateLimitedError),
        ("INTERNAL_ERROR", errors.ServerFaultError),
        ("SOMETHING_NEW", errors.UnknownRefusalError),
        (None, errors.UnknownRefusalError),
    ],
)
def test_an_item_of_a_batch_is_judged_by_its_category(category: str | None, expected: type[HubSpotError]) -> None:
    """The errors inside a 207 have no status of their own."""
    assert expected is type(item_error({"status": "error", "category": category}))


@pytest.mark.parametrize("kind", sorted(below(HubSpotError), key=lambda kind: kind.__name__))
def test_every_error_says_what_it_is(kind: type[HubSpotError]) -> None:
    """Each class has its own docstring and can be made without an answer."""
    assert getdoc(kind)
    assert None is kind().status
    assert Refusal() == kind().refusal
