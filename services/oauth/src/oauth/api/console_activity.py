"""The activity of an account in words: enough for an admin to tell why something was not sent."""

import re
from collections.abc import Callable
from typing import Annotated, Final, Literal

from fastapi import Query

from contracts.failures import REGISTRY
from contracts.internal import BreakerState, ReplyActivity, SendActivity
from oauth.api.console_views import ActivityLine, ActivityView, ChoiceView, FilterView
from oauth.handlers.activity import Activity, ActivityFilter

SOURCES: Final = {"card": "From the card", "workflow": "From a workflow", "contact_creation": "To a new contact"}

STATUSES: Final = {
    "sent": "Sent",
    "refused": "Not sent",
    "waiting": "Waiting",
    "written": "On the timeline",
    "unmatched": "No contact found",
    "failed": "Given up",
    "superseded": "Superseded",
    "erased": "Forgotten",
    "expired": "Expired",
}
"""Of sends and of replies."""

_GOOD: Final = frozenset({"sent", "written"})
_BAD: Final = frozenset({"refused", "unmatched", "failed"})

REPLY_WORDS: Final = {
    "unmatched": "No contact of this account has the number. It is tried again when one appears.",
    "superseded": "The account was moved to another project before it could be written.",
    "erased": "Its contact was deleted for privacy.",
    "expired": "It waited longer than this account keeps content.",
}
"""Why a reply is not on the timeline, where `timeline` gives no words of its own."""

AWAY: Final = {
    "actions": "What was sent cannot be shown right now. Sending itself may well work; please try again in a moment.",
    "timeline": "Replies cannot be shown right now. Look at the contact's timeline in HubSpot.",
}
"""By the sister that cannot be asked."""

_BREAKER_OPEN: Final = (
    "Writing replies rests after repeated failures{since}. Replies wait and none is lost; "
    "it is tried again by itself, and connecting HubSpot again resumes it at once."
)

SourceFilter = Annotated[
    Literal["all", "card", "workflow", "contact_creation"],
    Query(description="What asked for the sends shown."),
]
StatusFilter = Annotated[Literal["all", "sent", "refused", "waiting"], Query(description="How those sends ended.")]

_ALL_BUT_FOUR: Final = re.compile(r"\d(?=\d{4})")

ContactUrl = Callable[[str], str | None]


def activity_view(activity: Activity, chosen: ActivityFilter) -> ActivityView:
    """What happened, as the page lists it."""
    away = {sister: AWAY[sister] for sister in activity.away}
    return ActivityView(
        sends=tuple(_send(send, activity.contact_url) for send in activity.sends),
        sends_away=away.get("actions", ""),
        replies=tuple(_reply(reply, activity.contact_url) for reply in activity.replies),
        replies_away=away.get("timeline", ""),
        breaker=_breaker(activity.breaker),
        resting=activity.breaker is not None and activity.breaker.open,
        filters=(
            _filter("source", "Messages", {"all": "All messages", **SOURCES}, chosen.source),
            _filter(
                "status",
                "Status",
                {"all": "Any status", **{name: STATUSES[name] for name in ("sent", "refused", "waiting")}},
                chosen.status,
            ),
        ),
    )


def _send(send: SendActivity, contact_url: ContactUrl) -> ActivityLine:
    return ActivityLine(
        at=send.at,
        kind=SOURCES[send.source],
        phone=_masked("to", send.phone),
        state=state_of(send.status),
        status=STATUSES[send.status],
        words=sentence(send.words) or _general_words(send.code),
        code=send.code,
        contact_url=contact_url(send.contact_id),
        trace_id=send.trace_id,
    )


def _reply(reply: ReplyActivity, contact_url: ContactUrl) -> ActivityLine:
    return ActivityLine(
        at=reply.at,
        kind="Reply",
        phone=_masked("from", reply.phone),
        state=state_of(reply.status),
        status=STATUSES[reply.status],
        words=sentence(reply.words) or REPLY_WORDS.get(reply.status, ""),
        contact_url=contact_url(reply.contact_id) if reply.contact_id else None,
        trace_id=reply.trace_id,
    )


def _masked(direction: str, phone: str) -> str:
    """Numbers come masked; should one not, all but its last four digits go."""
    return f"{direction} {_ALL_BUT_FOUR.sub('•', phone)}" if phone else ""


def state_of(status: str) -> str:
    """How a send or a reply stands, as a slug: `good`, `bad` or `open`."""
    if status in _GOOD:
        return "good"
    return "bad" if status in _BAD else "open"


def _general_words(code: int | None) -> str:
    """What a code means, where a send that waits has no words of its own."""
    return next((registered.message for known, registered in REGISTRY.items() if known == code), "")


def sentence(words: str) -> str:
    """Words with a capital letter at their beginning."""
    return f"{words[:1].upper()}{words[1:]}"


def _breaker(breaker: BreakerState | None) -> str:
    if breaker is None or not breaker.open:
        return ""
    since = f" since {breaker.since:%-d %B %Y, %H:%M UTC}" if breaker.since else ""
    return " ".join(filter(None, (_BREAKER_OPEN.format(since=since), sentence(breaker.words))))


def _filter(name: str, label: str, choices: dict[str, str], chosen: str) -> FilterView:
    return FilterView(
        name=name,
        label=label,
        choices=tuple(ChoiceView(value=value, words=words) for value, words in choices.items()),
        chosen=chosen,
    )
