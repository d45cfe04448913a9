"""What writes with an unknown end cost: the looks that HubSpot saw, beside the writes of which nobody learned the end.

HubSpot cannot say how many those were: a process that dies between its intent and its call leaves no trace there. The
service's own record of intents does.
"""

import json
from collections import Counter
from collections.abc import Sequence
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
        last: the last request that was taken in.
    """

    creates: int = 0
    calls: int = 0
    pages: Counter[str] = field(default_factory=Counter)
    by_contact: Counter[str] = field(default_factory=Counter)
    last: int = 0

    def take(self, requests: Sequence[Received]) -> None:
        """Go on from these."""
        for request in requests:
            self.creates += request.path in {CREATES, f"{CREATES}/batch/create"}
            self.calls += request.path in {LOOKS, BODIES}
            if request.path == LOOKS and request.body:  # without a body it broke off on its way there
                self._look(json.loads(request.body)["inputs"])
        self.last = max((request.seq for request in requests), default=self.last)

    def _look(self, inputs: Sequence[dict[str, str]]) -> None:
        self.by_contact.update(one["id"] for one in inputs if "after" not in one)
        self.pages.update(one["id"] for one in inputs if "after" in one)


async def unknown_ends(mongo_url: str) -> Counter[str]:
    """How many writes had an end that nobody learned, by contact: all that were begun, but for the last if it told."""
    found: Counter[str] = Counter()
    async with AsyncMongoClient[dict[str, Any]](mongo_url, tz_aware=True) as client:
        async for entry in client["timeline"]["entries"].find({"state": "recorded"}):
            found[entry["contact_id"]] += entry["attempts"] - (not entry["adopted"])
    return found
