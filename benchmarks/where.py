"""`chertctl where`, by every kind of id, in a database that remembers very many replies and sends.

One lead is written to and replies, as in life; what the services keep of that is copied under other ids, ten replies to
a conversation. Then the command is called as an operator calls it, its start included.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any, Final

from _copies import Original, load
from pymongo import AsyncMongoClient
from rich.console import Console

from harness.journal import Journal
from harness.operators import Operator
from harness.own_systems import own_system
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import eventually
from harness.walk import Walk

ENTRIES: Final = {Scale.QUICK: 100_000, Scale.FULL: 1_000_000}
A_CONVERSATION: Final = 10
"""Replies of one, and sends by tens of replies."""
REPLIES: Final = 5
TIMES: Final = {Scale.QUICK: 5, Scale.FULL: 15}
SECONDS: Final = 60.0
SLUG: Final = "where"
OF_SENDS: Final = ("trace_id", "number_hash", "message_id", "chat_id")
"""What a send is found by beside what the journey names."""
SHORT: Final = 3
"""Ids of so few letters stand for something else elsewhere, too."""

Document = dict[str, Any]


def main(scale: Scale) -> Report:
    """Load, and ask."""
    report = Report("where", scale, seed=0)
    with own_system("where") as system:
        asyncio.run(_measure(system, report, scale))
    return report


async def _measure(system: System, report: Report, scale: Scale) -> None:
    operator = Operator.of(system)
    async with Walk(system.seed(SLUG), Journal(Console(quiet=True))) as walk:
        await walk.connect()
        asked = await _one_journey(walk, operator)
    async with AsyncMongoClient[Document](system.addresses.mongo_url, tz_aware=True) as client:
        originals = await _originals(
            client, asked, frozenset({SLUG, walk.portal.project_id, str(walk.portal.portal_id)})
        )
        documents = await load(client, originals, ENTRIES[scale])
        entries = await client["timeline"]["entries"].estimated_document_count()
    taken = {kind: await _asked(operator, one, TIMES[scale]) for kind, one in asked.items()}
    report.add("where.entries", entries, "entries", f">= {ENTRIES[scale]}")
    report.add("where.documents", documents, "documents loaded")
    report.add("where.kinds", len(taken), "kinds of ids", ">= 9")
    report.add("where.unanswered", sum(one.unanswered for one in taken.values()), "calls", "== 0")
    for kind, one in taken.items():
        report.add(f"where.{kind}_s", one.seconds, "s, median of calls", "<= 1")


async def _one_journey(walk: Walk, operator: Operator) -> Mapping[str, str]:
    """A send and some replies; an id of each kind that they have."""
    execution = await walk.send()
    for _ in range(REPLIES):
        reply = await walk.lead_replies()
        communication = await walk.reply_on_timeline(reply)

    async def known() -> Mapping[str, str]:
        """What the services say themselves, once all of them have heard of it."""
        found = [
            await asyncio.to_thread(operator.ask, "where", one) for one in (reply.message_id, execution.callback_id)
        ]
        return {kind: one for journey in found for step in journey["steps"] for kind, one in step["ids"].items()}

    async def complete() -> Mapping[str, str] | None:
        ids = await known()
        return ids if {"event_id", "trace_id", "chat_id", "claim", "communication_id"} <= ids.keys() else None

    ids = await eventually(complete, what="the journey", seconds=SECONDS)
    return {
        "message": reply.message_id,
        "event": ids["event_id"],
        "trace": ids["trace_id"],
        "chat": ids["chat_id"],
        "claim": ids["claim"],
        "communication": communication.id,
        "callback": execution.callback_id,
        "contact": walk.contact.id,
        "phone": walk.contact.phone,
        "account": str(walk.portal.portal_id),
        "unknown": "nobody-ever-had-this-id",
    }


async def _originals(
    client: AsyncMongoClient[Document], asked: Mapping[str, str], lasting: frozenset[str]
) -> Sequence[Original]:
    """What the timeline and actions keep; ids of accounts and projects stay as they are in every copy."""
    timeline, actions = client["timeline"], client["actions"]
    refs, sends = await timeline["refs"].find().to_list(), await actions["sends"].find().to_list()
    of_sends = [send[name] for send in sends for name in OF_SENDS if name in send]
    ids = (
        frozenset(
            part
            for one in (*asked.values(), *(ref["_id"] for ref in refs), *of_sends)
            for part in one.split(":")
            if len(part) > SHORT and part not in {"event", "trace", "chat", "contact", "phone"}
        )
        - lasting
    )
    of_replies = [one for one in refs if one["_id"].startswith(("event:", "trace:"))]
    per_reply = [one for one in of_replies if any(asked["message"] in key for key in one["to"].values())]
    shared = [one for one in refs if one not in of_replies]
    message = {"_id": {"$regex": asked["message"]}}
    return [
        Original("timeline", "entries", await timeline["entries"].find(message).to_list(), ids),
        Original("timeline", "inbox", await timeline["inbox"].find(message).to_list(), ids),
        Original("timeline", "communications", await timeline["communications"].find().limit(1).to_list(), ids),
        Original("timeline", "refs", per_reply, ids),
        Original("timeline", "refs", shared, ids, share=A_CONVERSATION),
        Original("actions", "sends", sends, ids, share=A_CONVERSATION),
    ]


@dataclass(frozen=True, slots=True)
class Asked:
    """Calls for one id.

    Attributes:
        seconds: how long one takes, in the middle.
        unanswered: how many ended otherwise than they should, because a service did not answer in time.
    """

    seconds: float
    unanswered: int


async def _asked(operator: Operator, one: str, times: int) -> Asked:
    """Call for an id some times; one that nobody knows ends with 1."""
    taken, unanswered = [], 0
    for _ in range(times):
        began = perf_counter()
        with operator.start("where", one) as process:
            _, said = await asyncio.to_thread(process.communicate)
        taken.append(perf_counter() - began)
        unanswered += "Not everybody could be asked" in said
    return Asked(median(taken), unanswered)
