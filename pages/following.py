"""One message followed through a running system: sent by a workflow, answered, the answer on the timeline."""

from dataclasses import dataclass

from rich.console import Console

from harness.collector import Collector, SeenSpan
from harness.journal import Journal
from harness.run_file import RunFile
from harness.waiting import eventually
from harness.walk import Walk

SECONDS = 30.0
"""The longest that a span may take from the work to the collector."""

LAST = ("timeline", "reply on the timeline")


@dataclass(frozen=True, slots=True)
class Followed:
    """A send and its reply.

    Attributes:
        trace_id: 32 hex digits.
        spans: in the order in which they began.
        communication_id: the reply on the timeline.
    """

    trace_id: str
    spans: tuple[SeenSpan, ...]
    communication_id: str


async def follow(run: RunFile, collector: Collector) -> Followed:
    """Walk the main job as far as the reply on the timeline, and fetch the trace of the send.

    The reply is given once the timeline knows of the send: an answer that overtakes it has a trace of its own.
    """

    async def sent() -> str | None:
        trace_id = collector.trace_through("actions", "chert send")
        return trace_id if trace_id and ("timeline", "message.sent process") in collector.hops(trace_id) else None

    async with Walk(run, Journal(Console(quiet=True))) as walk:
        await walk.connect()
        await walk.send()
        trace_id = await eventually(sent, what="the send's spans", seconds=SECONDS)
        communication = await walk.reply_on_timeline(await walk.lead_replies())

    async def whole() -> bool:
        return LAST in collector.hops(trace_id)

    await eventually(whole, what="the reply's spans in the send's trace", seconds=SECONDS)
    spans = tuple(sorted(collector.traces[trace_id], key=lambda span: span.began))
    return Followed(trace_id, spans, communication.id)
