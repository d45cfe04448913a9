import json
import re
from inspect import getdoc

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chert_client import errors
from chert_client.answers import BY_CODE, Answer, Result, understood_as
from chert_client.connection import FAILURES
from chert_client.errors import ChertError, Refusal

# chert-contract.md section 13.3: code, usual status, retryable.
REGISTRY = [
    *((code, 400, False) for code in (1001, 1002, 1003, 1004, 1005, 1006, 1008, 1009, 1010, 2006, 2014, 4098)),
    *((code, 400, False) for code in (5002, 5003, 5004)),
    *((code, 409, False) for code in (1011, 1012, 1013)),
    *((code, 404, False) for code in (2001, 2002, 2003, 2011, 5001)),
    *((code, 401, False) for code in (2004, 2012, 2013)),
    *((code, 403, False) for code in (2005, 2007, 2010)),
    (2008, 402, False),
    (4099, 422, False),
    (3003, 500, False),
    (1007, 429, True),
    (3001, 500, True),
    (3002, 503, True),
    (3004, 502, True),
    (4001, 502, True),
    (4002, 503, True),
]


class Anything(Result):
    """A result that any object is."""


def below(kind: type) -> set[type]:
    """The class and all its subclasses."""
    return {kind}.union(*(below(child) for child in kind.__subclasses__()))


def leaves(kind: type) -> set[type]:
    """The subclasses that have none themselves."""
    return {child for child in below(kind) if not child.__subclasses__()}


def error_of(status: int, body: object, retry_after: str | None = None, trace_id: str | None = None) -> ChertError:
    """The error that an answer stands for."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(ChertError) as caught:
        understood_as(Anything)(Answer(status, content, retry_after, trace_id))
    return caught.value


def envelope(code: int, **members: object) -> dict[str, object]:
    """The failure body of every route but one."""
    return {"success": False, "error": {"code": code, "message": "no", **members}, "trace_id": "a1b2c3d4e5f6"}


def test_the_drawn_tree_is_the_tree() -> None:
    """The module's docstring draws every class at its depth, with what each leaf says of itself."""
    rows = re.findall(r"^ {4}([ │├└─]*)(\w+Error)(?: +(yes|no)\b)?", errors.__doc__ or "", re.MULTILINE)
    drawn = {name: (len(indent) // 4, happened) for indent, name, happened in rows}
    said = {True: "yes", False: "no"}
    actual = {
        kind.__name__: (
            len(kind.__mro__) - len(ChertError.__mro__),
            said[kind.may_have_happened] if kind in leaves(ChertError) else "",
        )
        for kind in below(ChertError)
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
    assert set(FAILURES.values()) <= leaves(ChertError)


def test_every_code_of_the_registry_has_a_leaf() -> None:
    """chert-contract.md section 13.3, but for 2009, which is not listed there either."""
    assert {code for code, _, _ in REGISTRY} == set(BY_CODE)
    assert set(BY_CODE.values()) <= leaves(ChertError)


@pytest.mark.parametrize(("code", "status", "retryable"), REGISTRY)
def test_a_code_decides_on_kind_and_default(code: int, status: int, retryable: bool) -> None:
    """Without Chert's own flag the registry's default holds; both shapes of failure say the same."""
    nested = error_of(status, envelope(code))
    flat = error_of(status, {"status": "failed", "code": code, "message": "no"}, trace_id="from-header")

    assert BY_CODE[code] is type(nested) is type(flat)
    assert (code, status, retryable) == (nested.code, nested.status, nested.retryable)
    assert (code, status, retryable) == (flat.code, flat.status, flat.retryable)
    assert ("a1b2c3d4e5f6", "from-header") == (nested.trace_id, flat.trace_id)


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("code", [1002, 3001])
def test_chert_s_own_flag_is_what_counts(code: int, told: bool) -> None:
    """A route may override a code's usual retryability."""
    assert told is error_of(400, envelope(code, retryable=told)).retryable


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        (2006, 403, errors.InvalidRequestError),
        (1006, 422, errors.InvalidRequestError),
        (4099, 501, errors.InvalidRequestError),
        (4002, 200, errors.LinesSaturatedError),
        (2009, 400, errors.UnknownRefusalError),
        (9999, 503, errors.ServerFaultError),
    ],
)
def test_the_code_outranks_the_status(code: int, status: int, expected: type[ChertError]) -> None:
    """chert-contract.md section 13.4: the status is the route's choice, only the code is stable."""
    assert expected is type(error_of(status, envelope(code)))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (302, errors.MalformedAnswerError),
        (400, errors.InvalidRequestError),
        (401, errors.CredentialRejectedError),
        (402, errors.AccountLimitError),
        (403, errors.ForbiddenError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (418, errors.UnknownRefusalError),
        (422, errors.InvalidRequestError),
        (429, errors.RateLimitedError),
        (500, errors.ServerFaultError),
        (503, errors.ServerFaultError),
    ],
)
def test_without_a_code_the_status_decides(status: int, expected: type[ChertError]) -> None:
    """HTML from something in between still has a kind."""
    assert expected is type(error_of(status, b"<html>"))


@pytest.mark.parametrize("body", [{"status": "failed"}, {"success": False}, {"status": "failed", "code": 3001}])
def test_a_failure_by_its_own_word_is_one_whatever_its_status(body: dict[str, object]) -> None:
    """`POST /send` may say "failed" under a status of success."""
    assert error_of(200, body).may_have_happened


@pytest.mark.parametrize(
    ("told", "header", "expected"),
    [(30, None, 30.0), (None, "7", 7.0), (30, "7", 30.0), (-1, None, None), ("soon", "soon", None), (None, None, None)],
)
def test_how_long_to_wait(told: object, header: str | None, expected: float | None) -> None:
    """`retry_after` counts seconds, and the header mirrors it."""
    assert expected == error_of(503, envelope(4002, retry_after=told), header).retry_after_seconds


@given(
    status=st.integers(min_value=300, max_value=999),
    content=st.binary()
    | st.recursive(
        st.none() | st.text() | st.integers() | st.floats(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["error", "code", "message", "retryable", "retry_after", "trace_id", "status"]), inner
            )
        ),
    ).map(lambda body: json.dumps(body).encode()),
    header=st.none() | st.text(),
)
def test_any_answer_that_is_no_success_is_a_leaf(status: int, content: bytes, header: str | None) -> None:
    """HTML, truncated JSON, members of any type: nothing but a leaf of the tree is ever raised."""
    error = error_of(status, content, header, header)

    assert type(error) in leaves(ChertError)
    assert isinstance(error.retryable, bool)


def test_a_nesting_bomb_is_only_an_unreadable_body() -> None:
    """Ten thousand brackets do not exhaust the stack."""
    assert errors.ForbiddenError is type(error_of(403, b"[" * 10_000))


def test_the_text_of_an_error_never_quotes_chert() -> None:
    """Chert's words may hold a phone number: they are kept aside, out of text and repr."""
    error = error_of(400, envelope(1003, message="+14155550100 is not E.164"))

    assert "InvalidRequestError status=400 code=1003 trace_id=a1b2c3d4e5f6" == str(error)
    assert "4155550100" not in repr(error)
    assert "+14155550100 is not E.164" == error.words


@pytest.mark.parametrize("kind", sorted(below(ChertError), key=lambda kind: kind.__name__))
def test_every_error_says_what_it_is(kind: type[ChertError]) -> None:
    """Each class has its own docstring and can be made without an answer."""
    assert getdoc(kind)
    assert None is kind().status
    assert Refusal() == kind().refusal
