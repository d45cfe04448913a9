"""The contents of sends in memory."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from actions.adapters.in_memory.sends import InMemorySendStore
from actions.models import ERASED, Erased, Outgoing, Send


class InMemorySendContents:
    """The contents of an in-memory store's sends."""

    def __init__(self, sends: InMemorySendStore) -> None:
        self._sends = sends

    async def erase(self, portal_id: int, contact_id: str) -> int:
        """Remove number, text and answer from every send to a contact; how many that were."""
        return self._change(
            lambda send: (send.portal_id, send.contact_id) == (portal_id, contact_id),
            lambda send: replace(send, plan=Erased(), fingerprint="", answer=ERASED),
        )

    async def purge(self, portal_id: int, before: datetime) -> int:
        """Remove number and text from answered sends that were claimed before then; how many that were."""
        return self._change(
            lambda send: (
                send.portal_id == portal_id
                and send.claimed_at < before
                and isinstance(send.plan, Outgoing)
                and send.answer is not None
            ),
            lambda send: replace(send, plan=Erased(), fingerprint=""),
        )

    def _change(self, chosen: Callable[[Send], bool], change: Callable[[Send], Send]) -> int:
        found = [send for send in self._sends.sends.values() if chosen(send)]
        self._sends.sends.update({send.key: change(send) for send in found})
        return len(found)
