"""Spans to a collector, by OTLP over HTTP, in batches from a thread of its own.

Imported only by a process that exports: OpenTelemetry's SDK and protobuf take memory that the others do not need.
"""

from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link
from opentelemetry.trace.status import Status, StatusCode

from chassis.tracing import Span

QUEUE: Final = 2048
"""Spans that wait at most; more are dropped, for nothing waits for a collector."""

BATCH: Final = 512
DELAY_MILLISECONDS: Final = 5_000
"""How long spans wait for others: a call to a collector costs some milliseconds, whatever it carries."""

CALL_SECONDS: Final = 3.0
"""The longest that one call to a collector may take, and the end of a process with it."""


class OtlpRecorder:
    """Sends spans to a collector."""

    def __init__(self, service: str, url: str) -> None:
        """The spans of this service, to the collector at `url`."""
        self._service = service
        self._resources = {service: _resource(service)}
        self._scope = InstrumentationScope("chassis")
        exporter = OTLPSpanExporter(endpoint=f"{url.rstrip('/')}/v1/traces", timeout=CALL_SECONDS)
        self._processor = BatchSpanProcessor(
            exporter, max_queue_size=QUEUE, max_export_batch_size=BATCH, schedule_delay_millis=DELAY_MILLISECONDS
        )

    def record(self, span: Span) -> None:
        """Put it into the queue."""
        service = span.service or self._service
        self._processor.on_end(
            ReadableSpan(
                name=span.name,
                context=span.context,
                parent=span.parent,
                resource=self._resource(service),
                attributes=span.attributes,
                links=() if span.link is None else (Link(span.link),),
                kind=span.kind,
                status=Status(StatusCode.ERROR if span.failed else StatusCode.UNSET),
                start_time=span.began,
                end_time=span.ended,
                instrumentation_scope=self._scope,
            )
        )

    def _resource(self, service: str) -> Resource:
        if service not in self._resources:
            self._resources[service] = _resource(service)
        return self._resources[service]

    def close(self) -> None:
        """Send what waits, for as long as one call takes."""
        self._processor.shutdown()  # type: ignore[no-untyped-call]  # the SDK left the annotation out


def _resource(service: str) -> Resource:
    return Resource({"service.name": service, "service.namespace": "chert-hubspot"})
