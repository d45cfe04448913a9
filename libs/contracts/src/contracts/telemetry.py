"""The names that on-call people read: every log event and every metric, once, with unit and meaning.

A name that is not here does not type-check (log events) or does not exist (metrics); dashboards and alerts
are written against this list.
"""

from dataclasses import dataclass
from typing import Final, Literal

LogEvent = Literal[
    "service.started",
    "service.stopped",
    "service.stopping",
    "http.request",
    "http.failed",
    "event.handled",
    "event.dead_lettered",
    "event.held",
    "event.paused",
    "event.retried",
    "consumer.tripped",
    "consumer.uncommitted",
    "broker.away",
    "broker.connected",
    "worker.failed",
    "backfill.done",
    "outbox.relayed",
    "file.reread",
    "file.unreadable",
    "delivery.accepted",
    "delivery.refused",
    "delivery.rejected",
    "delivery.ignored",
    "install.started",
    "install.completed",
    "install.refused",
    "tenant.deactivated",
    "token.refreshed",
    "token.refresh_failed",
    "uninstall.ignored",
    "uninstall.postponed",
    "session_keys.away",
    "send.accepted",
    "send.refused",
    "send.postponed",
    "send.repeated",
    "tenant.projected",
    "reply.recorded",
    "reply.adopted",
    "reply.unmatched",
    "reply.postponed",
    "reply.failed",
    "reply.superseded",
    "reply.waiting",
    "reply.expired",
    "contact.linked",
    "account.resting",
    "lane.taken",
    "lane.lost",
    "settings.changed",
    "departure.advanced",
    "departure.postponed",
    "departure.given_up",
    "journal.read",
    "journal.away",
    "journal.lost",
    "sealing_key.agreed",
    "tokens.resealed",
    "replica.forgotten",
    "opt_out.noted",
    "opt_out.unmatched",
    "card.refused",
    "card.postponed",
    "creation.settled",
    "creation.postponed",
    "contact.erased",
    "content.purged",
    "step.completed",
    "step.postponed",
    "step.abandoned",
    "breaker.changed",
    "contact.followed",
    "retention.applied",
    "catch_up.found",
    "catch_up.away",
    "catch_up.unreadable",
    # operators
    "breaker.reset",
    "account.purged",
    "tenant.paused",
    "tenant.resumed",
    "tenant.purged",
    "tenant.buried",
    "replay.answered",
    "replay.failed",
    "held.released",
]
"""Every log event. One canonical line per request or message; the rest are lifecycle and trouble."""

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family.

    Attributes:
        name: Prometheus name with its unit; counters get `_total` on export.
        kind: how it moves.
        help: what it says.
        labels: label names, each with a bounded set of values.
        buckets: of a histogram, where the usual ones, up to ten seconds, do not fit.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


MetricName = Literal[
    "http_request_seconds",
    "consumer_batch_seconds",
    "consumer_events",
    "consumer_paused",
    "worker_failures",
    "outbox_relayed",
    "published_events",
    "deliveries",
    "ignored_events",
    "installs",
    "token_refreshes",
    "sends",
    "replies",
    "reply_seconds",
    "timeline_oldest_pending_seconds",
    "steps",
    "timeline_throttled",
    "timeline_breakers",
    "timeline_breakers_open",
    "timeline_budget_use",
    "timeline_calls",
    "timeline_caught_up",
    "timeline_catch_up_failures",
    "timeline_catch_up_gap_seconds",
    "hubspot_supported_until_seconds",
]
"""Every metric."""

METRICS: Final[dict[MetricName, Metric]] = {
    "http_request_seconds": Metric(
        "http_request_seconds", "histogram", "Time to answer a request, in seconds.", ("route", "method", "status")
    ),
    "consumer_batch_seconds": Metric(
        "consumer_batch_seconds", "histogram", "Time to settle a batch of records, in seconds.", ("topic",)
    ),
    "consumer_events": Metric("consumer_events", "counter", "Records settled, by outcome.", ("topic", "outcome")),
    "consumer_paused": Metric(
        "consumer_paused", "gauge", "1 while a consumer waits for one of our own dependencies.", ("topic",)
    ),
    "worker_failures": Metric("worker_failures", "counter", "Rounds of a background loop that failed.", ("worker",)),
    "outbox_relayed": Metric("outbox_relayed", "counter", "Events taken from an outbox and published."),
    "published_events": Metric("published_events", "counter", "Events acknowledged by the broker.", ("topic",)),
    "deliveries": Metric(
        "deliveries", "counter", "Deliveries from outside, by route and outcome.", ("route", "outcome")
    ),
    "ignored_events": Metric(
        "ignored_events", "counter", "Events from outside of a type that nobody here needs.", ("route", "type")
    ),
    "installs": Metric("installs", "counter", "Installs, by outcome.", ("outcome",)),
    "token_refreshes": Metric("token_refreshes", "counter", "Token refreshes, by outcome.", ("outcome",)),
    "sends": Metric("sends", "counter", "Sends, by source and outcome.", ("source", "outcome")),
    "replies": Metric("replies", "counter", "Replies, by outcome.", ("outcome",)),
    "reply_seconds": Metric(
        "reply_seconds",
        "histogram",
        "Time from a reply's arrival at the ingress to its place on the timeline, in seconds.",
        buckets=(1, 2.5, 5, 10, 20, 30, 60, 300, 1800, 7200),
    ),
    "timeline_oldest_pending_seconds": Metric(
        "timeline_oldest_pending_seconds", "gauge", "Age of the oldest reply that is not on its timeline, in seconds."
    ),
    "steps": Metric("steps", "counter", "Workflow steps that HubSpot held, by how they ended.", ("outcome",)),
    "timeline_throttled": Metric("timeline_throttled", "counter", "Answers by which HubSpot asked for fewer calls."),
    "timeline_caught_up": Metric(
        "timeline_caught_up", "counter", "Messages that Chert gave up delivering and its event log still had."
    ),
    "timeline_catch_up_failures": Metric(
        "timeline_catch_up_failures", "counter", "Readings of Chert's event log that failed."
    ),
    "timeline_catch_up_gap_seconds": Metric(
        "timeline_catch_up_gap_seconds", "gauge", "Age of the oldest message found by the last catch-up, in seconds."
    ),
    "timeline_breakers_open": Metric(
        "timeline_breakers_open", "gauge", "Accounts whose breaker is open, of all processes."
    ),
    "timeline_budget_use": Metric(
        "timeline_budget_use", "histogram", "Part of an account's share of calls that was used when a turn ended, to 1."
    ),
    "timeline_calls": Metric(
        "timeline_calls",
        "counter",
        "Calls to HubSpot, by what they count in; over `replies` the calls of one.",
        ("kind",),
    ),
    "timeline_breakers": Metric("timeline_breakers", "counter", "Breakers that opened or closed.", ("change",)),
    "hubspot_supported_until_seconds": Metric(
        "hubspot_supported_until_seconds",
        "gauge",
        "Unix time from which HubSpot no longer supports a version of its API that this process speaks.",
        ("use", "api_version"),
    ),
}
"""By name."""
