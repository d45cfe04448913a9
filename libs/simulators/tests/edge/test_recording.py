from urllib.parse import parse_qs, urlencode

from hypothesis import given
from hypothesis import strategies as st

from simulators.recording import MASK, Recorder, mask_form


def _record(recorder: Recorder, body: bytes = b"", **headers: str) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    recorder.record(at=1.0, method="POST", path="/x", query="", headers=raw, body=body)


def test_the_ring_is_bounded_in_number() -> None:
    """The oldest request goes first and sequence numbers go on."""
    recorder = Recorder(max_requests=2)
    for _ in range(3):
        _record(recorder)

    assert [2, 3] == [request.seq for request in recorder.matching(path_prefix="/", since=0, limit=10)]
    assert 3 == recorder.last_seq


def test_the_ring_is_bounded_in_bytes() -> None:
    """Bodies together stay below the bound, whatever their number."""
    recorder = Recorder(max_bytes=10)
    for _ in range(5):
        _record(recorder, b"12345")

    assert 2 == len(recorder.matching(path_prefix="/", since=0, limit=10))


def test_secret_headers_are_masked() -> None:
    """Authorization and cookies never show; a repeated header shows joined."""
    recorder = Recorder()
    raw = [(b"Authorization", b"Bearer t"), (b"Cookie", b"c=1"), (b"X-A", b"1"), (b"X-A", b"2")]
    request = recorder.record(at=1.0, method="GET", path="/", query="token=t&a=1", headers=raw, body=b"\xff")

    assert {"authorization": MASK, "cookie": MASK, "x-a": "1, 2"} == request.headers
    assert f"token={MASK}&a=1" == request.query


@given(st.text())
def test_masking_leaves_no_secret(secret: str) -> None:
    """Whatever a secret field holds, masking leaves the mask alone."""
    masked = mask_form(urlencode({"client_secret": secret, "grant_type": "refresh_token"}))

    assert {"client_secret": [MASK], "grant_type": ["refresh_token"]} == parse_qs(masked)
