"""What writes with an unknown end cost: the looks that HubSpot saw, beside the writes of which nobody learned the end.

HubSpot cannot say how many those were: a process that dies between its intent and its call leaves no trace there. The
service's own record of intents does.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pymongo import AsyncMongoClient

from harness.control import Received

CREATES: Final = "/crm/objects/2026-09/communications"
LOOKS: Final = "/crm/associations/2026-09/contacts/communications/batch/read"
BODIES: Final = f"{CREATES}/batch/read"


@dataclass
class Looks:
    """What HubSpot was asked.

    Attributes:
        creates: calls that write.
        calls: calls that look, of both kinds, further pages too.
        pages: further pages of associations, by contact.
        by_contact: looks at a contact's communications.
        stories: what was done about each contact, in words.
        last: the last request that was taken in.
        unseen: requests in between that HubSpot did not show any more.
    """

    creates: int = 0
    calls: int = 0
    pages: Counter[str] = field(default_factory=Counter)
    by_contact: Counter[str] = field(default_factory=Counter)
    last: int = 0
    unseen: int = 0
    stories: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def worst(self, unknown: Mapping[str, int]) -> Sequence[tuple[float, str]]:
        """Looks for each write with an unknown end, the most first, with the contact."""
        return sorted(((looks / max(unknown[one], 1), one) for one, looks in self.by_contact.items()), reverse=True)

    def take(self, requests: Sequence[Received]) -> None:
        """Go on from these, which are all that came since."""
        if requests:
            self.unseen += requests[0].seq - self.last - 1
        for request in requests:
            if request.path in {CREATES, f"{CREATES}/batch/create"}:
                self._create(request)
            self.calls += request.path in {LOOKS, BODIES}
            if request.path == LOOKS and request.body:  # without a body it broke off on its way there
                self._look(request)
        self.last = max((request.seq for request in requests), default=self.last)

    def _create(self, request: Received) -> None:
        self.creates += 1
        body = json.loads(request.body or '{"inputs": []}')
        for one in body.get("inputs", [body]):
            for association in one["associations"]:
                told = f"{request.at:.1f} create {request.status} {one['objectWriteTraceId']}"
                self.stories[association["to"]["id"]].append(told)

    def _look(self, request: Received) -> None:
        inputs = json.loads(request.body)["inputs"]
        for one in inputs:
            self.stories[one["id"]].append(f"{request.at:.1f} look {request.status}")
        self.by_contact.update(one["id"] for one in inputs if "after" not in one)
        self.pages.update(one["id"] for one in inputs if "after" in one)


async def unknown_ends(mongo_url: str) -> Counter[str]:
    """How many writes had an end that nobody learned, by contact: all that were begun, but for the last if it told."""
    found: Counter[str] = Counter()
    async with AsyncMongoClient[dict[str, Any]](mongo_url, tz_aware=True) as client:
        async for entry in client["timeline"]["entries"].find({"state": "recorded"}):
            found[entry["contact_id"]] += entry["attempts"] - (not entry["adopted"])
    return found
