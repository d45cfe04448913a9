"""The candidate and the plain consumer on one system, one of them running at a time, over the same leads."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from harness.leads import Leads
from harness.processes import Process
from harness.system import System

BASELINE: Final = Path(__file__).parent / "baselines" / "plain_timeline.py"
SIMULATOR_MILLISECONDS: Final = 50


class Timelines:
    """Starts one or the other."""

    def __init__(self, system: System, leads: Leads) -> None:
        self._system, self._leads = system, leads
        self._contacts = system.files.folder / "contacts.json"
        self._ready = system.files.folder / "plain.ready"

    @asynccontextmanager
    async def plain(self) -> AsyncIterator[Process]:
        """The plain consumer, in place of the service; it begins at the end of the topic."""
        await asyncio.to_thread(self._system.stop, "timeline")
        known = {lead.chat_id: (lead.portal_id, lead.contact_id) for lead in self._leads.leads}
        self._contacts.write_text(json.dumps(known))
        self._ready.unlink(missing_ok=True)
        told = {
            "kafka": self._system.addresses.kafka_bootstrap,
            "hubspot-url": self._system.url("hubspot"),
            "oauth-url": self._system.url("oauth"),
            "credential": self._system.credentials.service_credentials["timeline"],
            "contacts": str(self._contacts),
            "ready": str(self._ready),
        }
        arguments = [sys.executable, str(BASELINE), *(f"--{name}={value}" for name, value in told.items())]
        process = await asyncio.to_thread(self._system.start_beside, "plain", arguments, ready=self._ready.exists)
        try:
            yield process
        finally:
            await asyncio.to_thread(process.stop)

    async def service(self) -> Process:
        """The service again."""
        await asyncio.to_thread(self._system.start, "timeline")
        return self._system.processes["timeline"]
