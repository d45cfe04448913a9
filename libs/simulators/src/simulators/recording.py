"""Every request a simulator received, in a ring that is bounded in number and in bytes."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

MASK = "***"
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})
# OAuth's secret form fields (RFC 6749 sections 4 and 6, RFC 7636, RFC 7662).
SECRET_FIELDS = frozenset({"client_secret", "client_assertion", "code", "code_verifier", "refresh_token", "token"})


@dataclass(slots=True)
class RecordedRequest:
    """One request as it came in, its secrets masked; `status` stays None when no answer was sent.

    `at` is by the simulator's clock, which a test may move, `received_at` by the machine's.
    """

    seq: int
    at: float
    received_at: float
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str
    status: int | None = field(default=None)


class Recorder:
    """The last requests, oldest first; the oldest go when either bound is reached."""

    def __init__(
        self,
        *,
        max_requests: int = 10_000,
        max_bytes: int = 64 * 1024 * 1024,
        machine_time: Callable[[], float] = time.time,
    ) -> None:
        self._machine_time = machine_time
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self._ring: deque[RecordedRequest] = deque()
        self._bytes = 0
        self._seq = 0

    def record(
        self, *, at: float, method: str, path: str, query: str, headers: Iterable[tuple[bytes, bytes]], body: bytes
    ) -> RecordedRequest:
        """Keep a request and return its record, whose status the caller fills in."""
        self._seq += 1
        shown = _shown_headers(headers)
        is_form = shown.get("content-type", "").startswith("application/x-www-form-urlencoded")
        text = body.decode("utf-8", errors="replace")
        request = RecordedRequest(
            seq=self._seq,
            at=at,
            received_at=self._machine_time(),
            method=method,
            path=path,
            query=mask_form(query),
            headers=shown,
            body=mask_form(text) if is_form else text,
        )
        self._ring.append(request)
        self._bytes += len(request.body)
        self._trim()
        return request

    @property
    def last_seq(self) -> int:
        """The sequence number of the latest request, 0 before the first."""
        return self._seq

    def matching(self, *, path_prefix: str, since: int, limit: int) -> list[RecordedRequest]:
        """The first `limit` requests after sequence number `since` whose path begins with the prefix."""
        found: Iterator[RecordedRequest] = (
            request for request in self._ring if request.seq > since and request.path.startswith(path_prefix)
        )
        return [request for request, _ in zip(found, range(limit), strict=False)]

    def clear(self) -> None:
        """Forget every request; sequence numbers go on."""
        self._ring.clear()
        self._bytes = 0

    def _trim(self) -> None:
        while len(self._ring) > self._max_requests or self._bytes > self._max_bytes:
            self._bytes -= len(self._ring.popleft().body)


def mask_form(text: str) -> str:
    """A query or form body with the values of secret fields masked; other text is returned as it is."""
    pairs = parse_qsl(text, keep_blank_values=True)
    if not any(name in SECRET_FIELDS for name, _ in pairs):
        return text
    return urlencode([(name, MASK if name in SECRET_FIELDS else value) for name, value in pairs], safe="*")


def _shown_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    shown: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        value = MASK if name in SECRET_HEADERS else value
        shown[name] = f"{shown[name]}, {value}" if name in shown else value
    return shown
