"""Traces as a collector gets them: every hop of a send and of its reply in one."""

from collections.abc import Iterator

import pytest
from pages.following import SECONDS, follow
from tests.e2e._settings import told

from harness.collector import Collector, exporting, receiving
from harness.system import System
from harness.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def collector() -> Collector:
    """What the services send while this module's tests run."""
    return Collector()


@pytest.fixture(scope="module")
def traced(system: System, collector: Collector) -> Iterator[System]:
    """The system while its services export every trace."""
    with receiving(collector.take) as address, told(system, exporting(address)):
        yield system


async def test_one_trace_holds_every_hop_of_a_send_and_of_its_reply(traced: System, collector: Collector) -> None:
    """From the workflow call through Kafka to Chert, and from the reply through Kafka to the communication id."""
    followed = await follow(traced.seed("traced"), collector)

    assert {
        ("actions", "POST /api/hubspot/send"),
        ("actions", "chert send"),
        ("timeline", "message.sent process"),
        ("webhooks", "POST chert"),
        ("timeline", "message.received process"),
        ("timeline", "write replies"),
        ("timeline", "hubspot create communication"),
        ("timeline", "reply on the timeline"),
    } <= {span.hop for span in followed.spans}
    assert followed.trace_id == collector.trace_with("communication_id", followed.communication_id)
    ids = {span.id for span in followed.spans}
    assert 1 == sum(span.parent not in ids for span in followed.spans), "one work began it all"

    [retold] = [span for span in followed.spans if ("webhooks", "POST chert") == span.hop]

    async def told() -> bool:
        return ("webhooks", "POST chert") in collector.hops(retold.links[0])

    await eventually(told, what="the trace in which the ingress itself tells of it", seconds=SECONDS)


def test_spans_hold_nothing_that_people_wrote(traced: System, collector: Collector) -> None:
    """Neither numbers nor bodies nor tokens go to a collector."""
    portal = traced.seed("silent").portals[0]

    assert collector.payload
    assert portal.contacts[0].phone.encode() not in collector.payload
    for word in (b"shall we talk", b"Bearer", b"access_token"):
        assert word not in collector.payload
