"""A collector of traces: takes what services send by OTLP, for tests, pictures and benchmarks."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from harness.addresses import SERVICES
from harness.system import System


@dataclass(frozen=True, slots=True)
class SeenSpan:
    """A span as a collector gets it.

    Attributes:
        service: whose work it is.
        name: what was done.
        id: its own.
        parent: the span that caused it; empty for the first.
        began: nanoseconds since the epoch.
        ended: likewise.
        attributes: those that are text.
        links: traces that belong to it.
    """

    service: str
    name: str
    id: bytes
    parent: bytes
    began: int
    ended: int
    attributes: dict[str, str]
    links: tuple[str, ...]

    @property
    def hop(self) -> tuple[str, str]:
        """Service and name."""
        return self.service, self.name


class Collector:
    """Keeps spans by trace, and every byte that came."""

    def __init__(self) -> None:
        self.traces: dict[str, list[SeenSpan]] = defaultdict(list)
        self.payload = b""

    def take(self, body: bytes) -> None:
        """Keep what one call brought."""
        self.payload += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = {entry.key: entry.value.string_value for entry in resource.resource.attributes}["service.name"]
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self.traces[span.trace_id.hex()].append(_seen(service, span))

    def hops(self, trace_id: str) -> set[tuple[str, str]]:
        """Service and name of each span of a trace."""
        return {span.hop for span in list(self.traces.get(trace_id, ()))}

    def trace_through(self, service: str, name: str) -> str | None:
        """The only trace with such a span, or nothing as long as there is none."""
        found = [id_ for id_ in list(self.traces) if (service, name) in self.hops(id_)]
        return found[0] if len(found) == 1 else None

    def trace_with(self, key: str, value: str) -> str | None:
        """The trace in which a span has this attribute."""
        traces = list(self.traces.items())
        return next((id_ for id_, spans in traces if any(span.attributes.get(key) == value for span in spans)), None)


def _seen(service: str, span: Span) -> SeenSpan:
    return SeenSpan(
        service=service,
        name=span.name,
        id=span.span_id,
        parent=span.parent_span_id,
        began=span.start_time_unix_nano,
        ended=span.end_time_unix_nano,
        attributes={entry.key: entry.value.string_value for entry in span.attributes},
        links=tuple(link.trace_id.hex() for link in span.links),
    )


@contextmanager
def receiving(take: Callable[[bytes], None]) -> Iterator[str]:
    """An address to which spans can be sent; `take` gets each call's body."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            take(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def export(system: System, address: str, *, services: Sequence[str] = SERVICES, share: str = "1") -> None:
    """Let services of a system send that share of their traces there."""
    for name, settings in exporting(address, services=services, share=share).items():
        system.set_environment(name, **settings)
        system.restart(name)


def exporting(address: str, *, services: Sequence[str] = SERVICES, share: str = "1") -> dict[str, dict[str, str]]:
    """The settings, by service, with which each sends that share of its traces there."""
    return {name: {f"{name.upper()}_TRACES_URL": address, f"{name.upper()}_TRACES_SHARE": share} for name in services}
