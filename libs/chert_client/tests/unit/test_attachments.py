"""What people send along with messages, as it comes from a scripted Chert."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chert_client import (
    AnswerLostError,
    CallLimits,
    ChertClient,
    ChertError,
    MalformedAnswerError,
    NotFoundError,
    NotSentError,
    ServerFaultError,
)
from chert_client.testing import ScriptedTransport

JPEG = {"content-type": "image/jpeg", "content-disposition": 'attachment; filename="beach.jpg"'}


class Pieces(httpx2.AsyncByteStream):
    """Content in pieces, after which the connection may break; notes whether it was closed."""

    def __init__(self, *pieces: bytes, then: Exception | None = None) -> None:
        self.pieces, self.then, self.closed = pieces, then, False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces."""
        for piece in self.pieces:
            yield piece
        if self.then is not None:
            raise self.then

    async def aclose(self) -> None:
        """Note it."""
        self.closed = True


def limited(transport: ScriptedTransport, limits: CallLimits) -> ChertClient:
    """A client with bounds of its own."""
    return ChertClient(
        "https://console.chert.test",
        signing_secret=lambda: b"secret",
        now=lambda: datetime(2026, 11, 22, tzinfo=UTC),
        limits=limits,
        transport=transport,
    )


async def test_an_attachment_comes_in_pieces(client: ChertClient, transport: ScriptedTransport) -> None:
    """Type, size and name are known before the content, which comes as it is sent; afterwards all is closed."""
    pieces = Pieces(b"\xff\xd8", b"rest")
    transport.steps = [httpx2.Response(200, headers={**JPEG, "content-length": "6"}, stream=pieces)]

    async with client.attachment("acme", "in_7") as attachment:
        assert ("image/jpeg", 6, "beach.jpg") == (
            attachment.content_type,
            attachment.size_bytes,
            attachment.filename,
        )
        assert [b"\xff\xd8", b"rest"] == [piece async for piece in attachment.content]

    request = transport.requests[0]
    assert "/api/v1/attachments/in_7/content" == request.url.path
    assert ("acme", "*/*") == (request.headers["x-chert-tenant"], request.headers["accept"])
    assert "x-chert-signature" in request.headers
    assert pieces.closed


async def test_content_that_nobody_reads_is_let_go(client: ChertClient, transport: ScriptedTransport) -> None:
    """Whoever only wants to know type and size leaves the content unread, and nothing stays open."""
    pieces = Pieces(b"much")
    transport.steps = [httpx2.Response(200, headers=JPEG, stream=pieces)]

    async with client.attachment("acme", "in_7") as attachment:
        assert attachment.size_bytes is None

    assert pieces.closed


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, ("application/octet-stream", None, None)),
        ({"content-type": "Image/PNG; charset=x"}, ("image/png", None, None)),
        ({"content-type": "nonsense"}, ("application/octet-stream", None, None)),
        ({"content-type": "image/png/x"}, ("application/octet-stream", None, None)),
        ({"content-length": "9" * 20}, ("application/octet-stream", None, None)),
        (
            {"content-disposition": "attachment; filename*=UTF-8''na%C3%AFve.vcf"},
            ("application/octet-stream", None, "naïve.vcf"),
        ),
        ({"content-disposition": "attachment; filename*=utf-8''x%FF"}, ("application/octet-stream", None, "x\ufffd")),
        ({"content-disposition": "attachment; filename*=no-such''x"}, ("application/octet-stream", None, None)),
        (
            {"content-disposition": "attachment; filename=\"plain.txt\"; filename*=utf-8'en'%E2%82%AC.txt"},
            ("application/octet-stream", None, "€.txt"),
        ),
        ({"content-disposition": r'inline; filename="a \"b\".txt"'}, ("application/octet-stream", None, 'a "b".txt')),
        ({"content-disposition": "attachment;filename=a.txt;x=1"}, ("application/octet-stream", None, "a.txt")),
        ({"content-disposition": 'attachment; filename=""'}, ("application/octet-stream", None, None)),
        ({"content-disposition": "inline"}, ("application/octet-stream", None, None)),
    ],
)
async def test_headers_are_read_with_care(
    client: ChertClient,
    transport: ScriptedTransport,
    headers: dict[str, str],
    expected: tuple[str, int | None, str | None],
) -> None:
    """What is missing or cannot be read is not known; nothing is guessed."""
    transport.steps = [httpx2.Response(200, headers=headers, stream=Pieces())]

    async with client.attachment("acme", "in_7") as attachment:
        assert expected == (attachment.content_type, attachment.size_bytes, attachment.filename)


@given(
    disposition=st.text(st.characters(min_codepoint=32, max_codepoint=255)).map("attachment; filename".__add__),
    kind=st.text(st.characters(min_codepoint=32, max_codepoint=255)),
)
@example(disposition="attachment; filename*0*=x'y'%FF; filename*1=b", kind="a/b")
@example(disposition='attachment; filename="=?utf-8?b?!!?="', kind="a/b")
async def test_no_header_is_too_odd(disposition: str, kind: str) -> None:
    """Whatever Chert's headers say, the content is there, and type and name are text that can be written down."""
    headers = [(b"content-type", kind.encode("latin-1")), (b"content-disposition", disposition.encode("latin-1"))]
    transport = ScriptedTransport([httpx2.Response(200, headers=headers, stream=Pieces(b"x"))])

    async with limited(transport, CallLimits()) as client, client.attachment("acme", "in_7") as attachment:
        assert [b"x"] == [piece async for piece in attachment.content]
        assert attachment.content_type.isascii()
        assert attachment.filename == (attachment.filename and attachment.filename.encode().decode())


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (httpx2.Response(404, json={"error": {"code": 5001, "message": "gone"}}), NotFoundError),
        (httpx2.Response(502, text="<html>"), ServerFaultError),
        (httpx2.Response(302, headers={"location": "https://elsewhere.test"}), MalformedAnswerError),
        (httpx2.ConnectError("nobody"), NotSentError),
        (httpx2.ReadTimeout("late"), AnswerLostError),
    ],
)
async def test_a_refusal_comes_before_the_content(
    client: ChertClient,
    transport: ScriptedTransport,
    step: httpx2.Response | Exception,
    expected: type[ChertError],
) -> None:
    """Whatever keeps the content away is known before the first piece, by kind; there is one try."""
    transport.steps = [step]

    with pytest.raises(expected):
        async with client.attachment("acme", "in_7"):
            pass

    assert 1 == len(transport.requests)


@pytest.mark.parametrize("attachment_id", ["", ".", "..", "../send", "a/b", "a?b", "a%2Fb", "ä", "x" * 201])
async def test_an_id_that_cannot_stand_in_a_path_is_unknown(
    client: ChertClient, transport: ScriptedTransport, attachment_id: str
) -> None:
    """An id that would lead to another route is not asked for."""
    with pytest.raises(NotFoundError):
        async with client.attachment("acme", attachment_id):
            pass

    assert [] == transport.requests


async def test_content_that_breaks_off_is_said(client: ChertClient, transport: ScriptedTransport) -> None:
    """A connection that breaks amid the content is an error of ours, and closed."""
    pieces = Pieces(b"half", then=httpx2.ReadError("gone"))
    transport.steps = [httpx2.Response(200, headers=JPEG, stream=pieces)]

    async with client.attachment("acme", "in_7") as attachment:
        with pytest.raises(AnswerLostError):
            assert [] == [piece async for piece in attachment.content]

    assert pieces.closed


@pytest.mark.parametrize(
    ("limits", "headers", "expected"),
    [
        (CallLimits(content_bytes=5), {}, MalformedAnswerError),
        (CallLimits(content_seconds=-1), {}, AnswerLostError),
        (CallLimits(), {"content-encoding": "gzip"}, MalformedAnswerError),
    ],
)
async def test_content_has_bounds(
    transport: ScriptedTransport, limits: CallLimits, headers: dict[str, str], expected: type[ChertError]
) -> None:
    """Content ends in an error when it is too large, takes too long, or is packed although nobody asked for that."""
    transport.steps = [httpx2.Response(200, headers=headers, stream=Pieces(b"123", b"456"))]

    async with limited(transport, limits) as client, client.attachment("acme", "in_7") as attachment:
        with pytest.raises(expected):
            assert [] == [piece async for piece in attachment.content]
