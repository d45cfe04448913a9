"""Traces as a collector gets them: every hop of a send in one, every hop of a reply in one."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from rich.console import Console

from harness.addresses import SERVICES
from harness.journal import Journal
from harness.session import TestSession
from harness.system import System
from harness.waiting import eventually
from harness.walk import Walk

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

SECONDS = 30.0


class Collector:
    """An OTLP receiver; keeps `(service, name, kind, attributes)` of spans by trace."""

    def __init__(self) -> None:
        self.traces: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.payload = b""

    def take(self, body: bytes) -> None:
        """Keep what one call brought."""
        self.payload += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = {entry.key: entry.value.string_value for entry in resource.resource.attributes}["service.name"]
            for scope in resource.scope_spans:
                for span in scope.spans:
                    attributes = {entry.key: entry.value.string_value for entry in span.attributes}
                    seen = {"service": service, "name": span.name, "id": span.span_id, "parent": span.parent_span_id}
                    self.traces[span.trace_id.hex()].append(seen | {"attributes": attributes})

    def hops(self, trace_id: str) -> set[tuple[str, str]]:
        """Service and name of each span of a trace."""
        return {(span["service"], span["name"]) for span in list(self.traces.get(trace_id, ()))}

    def trace_through(self, service: str, name: str) -> str:
        """The only trace with such a span, or nothing as long as there is none."""
        found = [id_ for id_ in list(self.traces) if (service, name) in self.hops(id_)]
        return found[0] if len(found) == 1 else ""

    def trace_with(self, key: str, value: str) -> str | None:
        """The trace in which a span has this attribute."""
        traces = list(self.traces.items())
        return next((id_ for id_, spans in traces if any(span["attributes"].get(key) == value for span in spans)), None)


@contextmanager
def receiving(collector: Collector) -> Iterator[str]:
    """An address to which spans can be sent."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.take(self.rfile.read(int(self.headers["content-length"])))
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


@pytest.fixture(scope="module")
def collector() -> Collector:
    """What the services of this module's system send."""
    return Collector()


@pytest.fixture(scope="module")
def traced(harness_session: TestSession, collector: Collector) -> Iterator[System]:
    """A system whose services export every trace."""
    with receiving(collector) as address, harness_session.system() as system:
        for name in SERVICES:
            prefix = name.upper()
            system.set_environment(name, **{f"{prefix}_TRACES_URL": address, f"{prefix}_TRACES_SHARE": "1"})
            system.restart(name)
        yield system


async def test_a_send_and_its_reply_can_be_followed(traced: System, collector: Collector) -> None:
    """From the workflow call through Kafka to Chert, and from the reply to its communication, each hop is there."""
    async with Walk(traced.seed("traced"), Journal(Console(quiet=True))) as walk:
        await walk.connect()
        await walk.send()
        reply = await walk.lead_replies()
        communication = await walk.reply_on_timeline(reply)

    async def sent() -> set[tuple[str, str]] | None:
        hops = collector.hops(collector.trace_through("actions", "chert send"))
        return hops if ("timeline", "message.sent process") in hops else None

    async def received() -> str | None:
        return collector.trace_with("communication_id", communication.id)

    assert {
        ("actions", "POST /api/hubspot/send"),
        ("actions", "chert send"),
        ("timeline", "message.sent process"),
    } <= await eventually(sent, what="the send's spans", seconds=SECONDS)
    trace_id = await eventually(received, what="the reply's spans", seconds=SECONDS)

    async def whole() -> bool:
        return ("webhooks", "POST chert") in collector.hops(trace_id)

    await eventually(whole, what="the ingress's span", seconds=SECONDS)
    assert {
        ("webhooks", "POST chert"),
        ("timeline", "message.received process"),
        ("timeline", "write replies"),
        ("timeline", "hubspot create communication"),
        ("timeline", "reply on the timeline"),
    } <= collector.hops(trace_id)
    ids = {span["id"] for span in collector.traces[trace_id]}
    assert 1 == sum(span["parent"] not in ids for span in collector.traces[trace_id]), "one work began it all"


def test_spans_hold_nothing_that_people_wrote(traced: System, collector: Collector) -> None:
    """Neither numbers nor bodies nor tokens go to a collector."""
    portal = traced.seed("silent").portals[0]

    assert collector.payload
    assert portal.contacts[0].phone.encode() not in collector.payload
    for word in (b"shall we talk", b"Bearer", b"access_token"):
        assert word not in collector.payload
