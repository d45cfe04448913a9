"""No secret in a log line, however it gets there."""

import asyncio
import gc
import io
import json
import logging as stdlib
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chassis import logging, tracing
from chassis.logging import MASK, SENSITIVE, get_log
from chassis.randomness import SeededRandomness

CANARY = "canary-7f3a9c"
LOG = get_log()


@pytest.fixture
def stream() -> io.StringIO:
    """Where lines go."""
    stream = io.StringIO()
    logging.configure("tests", "debug", stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """The lines written so far."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_service_level_and_time(stream: io.StringIO) -> None:
    """Each line is one JSON object that says who wrote it, how grave it is and when."""
    LOG.info("service.started", answer=42)
    (line,) = lines(stream)
    assert {"event": "service.started", "service": "tests", "level": "info", "answer": 42}.items() <= line.items()
    assert line["timestamp"].endswith("Z")


def test_every_line_under_a_trace_carries_its_id(stream: io.StringIO) -> None:
    """One id finds all that was written about a request; outside any trace there is none to show."""
    LOG.info("service.started")
    with tracing.work(None, SeededRandomness()) as here:
        LOG.info("service.stopping")

    outside, inside = lines(stream)
    assert "trace_id" not in outside
    assert here.trace_id == inside["trace_id"]


def test_lower_levels_are_left_out() -> None:
    """What is below the configured level is not written."""
    stream = io.StringIO()
    logging.configure("tests", "warning", stream)
    LOG.info("service.started")
    stdlib.getLogger("some.library").info("hello")
    assert "" == stream.getvalue()


OTHERS = {"Authorization", "Set-Cookie", "hubspot_access_token", "chert_signing_secret", "X-Signature"}
NAMES = sorted(SENSITIVE | OTHERS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("depth", range(3))
def test_a_sensitive_name_hides_its_value(stream: io.StringIO, name: str, depth: int) -> None:
    """Under a name that carries secrets nothing is shown, whatever it is and however deep it lies."""
    fields: dict[str, Any] = {name: [CANARY, {"x": CANARY}]}
    for _ in range(depth):
        fields = {"details": [fields]}
    LOG.info("service.started", **fields)
    assert CANARY not in stream.getvalue()
    assert MASK in stream.getvalue()


separators = st.sampled_from(["", " ", "-", ".", ") "])


@given(
    digits=st.text("0123456789", min_size=7, max_size=14),
    first=st.sampled_from("123456789"),
    before=st.sampled_from(["", " ", "to:", "phone=", "a", "(", '"', "wf:1:"]),
    after=st.sampled_from(["", " ", "abc", ".", '"', ","]),
    separator=separators,
    plus=st.sampled_from(["+", "%2B", "%2b"]),
)
def test_no_phone_number_gets_through(
    digits: str, first: str, before: str, after: str, separator: str, plus: str
) -> None:
    """A phone number is masked wherever it stands in a text, also with blanks, dashes, or encoded for a URL."""
    number = f"{first}{digits[:2]}{separator}{digits[2:]}"
    assert digits[2:] not in logging.scrub(f"{before}{plus}{number}{after}")


@given(token=st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~+/-=", min_size=8))
@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer {}",
        "bearer {}",
        "GET /callback?code={}&x=1",
        "https://host/?access_token={}",
        'answered {{"refresh_token": "{}"}}',
        "state={}",
        "grant_type=refresh_token&client_secret={}",
    ],
)
def test_no_token_gets_through(token: str, text: str) -> None:
    """A bearer value is masked in headers, queries, forms and JSON."""
    assume(token not in text)  # a token that is part of the words around it proves nothing

    assert token not in logging.scrub(text.format(token))


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T12:00:00.123456+00:00",
        "tenant.installed:12345:1763812800000",
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "text: missing",
        "retry 3 of 5 in 0.25 s",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """Times, ids and reasons are what a log is for."""
    assert text == logging.scrub(text)


def failing() -> None:
    """Raise with a text that quotes a customer, from another error that does too."""
    try:
        {}[CANARY]
    except KeyError as error:
        raise ValueError(f"{CANARY} said hello") from error


def test_an_exception_shows_where_and_never_what(stream: io.StringIO) -> None:
    """Of an exception the classes and the places are written, for our own lines and for a library's."""
    for tell in (LOG.exception, stdlib.getLogger("some.library").exception):
        try:
            failing()
        except ValueError:
            tell("http.failed")
    for line in lines(stream):
        assert ["ValueError", "KeyError"] == line["exception"]
        assert line["stack"][-1].endswith("failing")
    assert CANARY not in stream.getvalue()


def test_an_exception_can_be_given(stream: io.StringIO) -> None:
    """An exception that is not being handled is described too."""
    LOG.warning("worker.failed", exc_info=ValueError(CANARY))
    assert ["ValueError"] == lines(stream)[0]["exception"]
    assert CANARY not in stream.getvalue()


def test_a_library_that_quotes_is_scrubbed(stream: io.StringIO) -> None:
    """Other libraries' lines have our form, and lose phone numbers and tokens."""
    stdlib.getLogger("some.library").warning("calling %s with Bearer %s", "+14155550100", CANARY)
    (line,) = lines(stream)
    assert ("some.library", "tests") == (line["logger"], line["service"])
    assert "4155550100" not in line["event"]
    assert CANARY not in line["event"]


async def test_a_forgotten_task_does_not_quote_its_error(stream: io.StringIO) -> None:
    """Asyncio's complaint about an error that nobody fetched keeps its first line alone: the rest quotes the error."""

    async def fail() -> None:
        raise ValueError(CANARY)

    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    del task
    gc.collect()
    assert "Task exception was never retrieved" == lines(stream)[-1]["event"]
    assert CANARY not in stream.getvalue()


def test_whatever_is_logged_is_written(stream: io.StringIO) -> None:
    """Bytes, sets, objects and errors become text instead of breaking the line."""
    LOG.info("service.started", raw=b"+14155550100", many={1}, thing=object, error=ValueError("x"), nothing=None)
    (line,) = lines(stream)
    assert ([1], None) == (line["many"], line["nothing"])
    assert "4155550100" not in line["raw"]
