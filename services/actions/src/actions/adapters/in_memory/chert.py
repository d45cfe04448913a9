"""A Chert that keeps the truth."""

import asyncio
from dataclasses import dataclass

from actions.adapters.in_memory.faults import Faults
from actions.models import Accepted, Outcome, Outgoing, Refused
from contracts.failures import Code


@dataclass(frozen=True, slots=True)
class Delivered:
    """One message that went out."""

    chert_tenant: str
    key: str
    message: Outgoing


class InMemoryMessenger:
    """A Chert that knows its keys and keeps the truth; `faults` knows the points `before send` and `after send`.

    Attributes:
        ledger: what went out.
        calls: how often it was called.
        refusal: what it answers instead of sending, when set.
        open: clear it to keep calls waiting.
    """

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.ledger: list[Delivered] = []
        self.calls = 0
        self.refusal: Refused | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def send(self, chert_tenant: str, key: str, message: Outgoing) -> Outcome:
        """Send, once per key; another message under a key is refused (1012)."""
        self.calls += 1
        await self.open.wait()
        await self.faults.reach("before send")
        outcome = self.refusal or self._once(Delivered(chert_tenant, key, message))
        await self.faults.reach("after send")
        return outcome

    def _once(self, delivery: Delivered) -> Outcome:
        for number, earlier in enumerate(self.ledger):
            if (earlier.chert_tenant, earlier.key) == (delivery.chert_tenant, delivery.key):
                same = earlier.message == delivery.message
                return _accepted(number) if same else Refused(code=Code.WRONG_STATE, error="key used before")
        self.ledger.append(delivery)
        return _accepted(len(self.ledger) - 1)


def _accepted(number: int) -> Accepted:
    return Accepted(message_id=f"message-{number}", lead_id=f"lead-{number}", lead_created=True, phone_line_id="line-1")
