"""The least that a careful user would write to bring replies to HubSpot: one loop, twenty calls at once.

It reads a batch, creates each communication with its association inline, waits where HubSpot says 429, and commits.
It knows each conversation's contact beforehand, keeps access tokens, checks no schema, keeps no inbox, no order between
calls, and a crash between a create and the commit writes it twice.
"""

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any, Final

import httpx2
from aiokafka import AIOKafkaConsumer

AT_ONCE: Final = 20
TOPIC: Final = "message.received"
WINDOW_SECONDS: Final = 10.0
LIMITED: Final = 429
TO_CONTACT: Final = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 81}]


class Plain:
    """The loop and what it knows."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._contacts: dict[str, tuple[int, str]] = json.loads(Path(arguments.contacts).read_text())
        self._tokens: dict[int, str] = {}
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._hubspot = httpx2.AsyncClient(base_url=arguments.hubspot_url, trust_env=False, timeout=20.0)
        self._oauth = httpx2.AsyncClient(base_url=arguments.oauth_url, trust_env=False)

    async def run(self) -> None:
        """Consume for ever."""
        consumer = AIOKafkaConsumer(
            TOPIC,
            bootstrap_servers=self._arguments.kafka,
            group_id="plain",
            enable_auto_commit=False,
            auto_offset_reset="latest",
        )
        await consumer.start()
        for partition in consumer.assignment():
            await consumer.position(partition)  # "latest" is looked up behind `start`, and what came before is not read
        await asyncio.to_thread(Path(self._arguments.ready).touch)
        while True:
            batches = await consumer.getmany(timeout_ms=100, max_records=500)
            records = [record for batch in batches.values() for record in batch]
            if records:
                await asyncio.gather(*(self._write(json.loads(record.value)) for record in records))
                await consumer.commit()

    async def _write(self, reply: dict[str, Any]) -> None:
        portal_id, contact_id = self._contacts[reply["chat_id"]]
        text = "<br>".join(part["value"] for part in reply["parts"])
        body = {
            "properties": {
                "hs_communication_channel_type": "SMS",
                "hs_communication_logged_from": "CRM",
                "hs_communication_body": text,
                "hs_timestamp": reply["received_at"],
            },
            "associations": [{"to": {"id": contact_id}, "types": TO_CONTACT}],
            "objectWriteTraceId": f"{portal_id}:{reply['chert_tenant']}:{reply['message_id']}",
        }
        async with self._at_once:
            while True:
                headers = {"Authorization": f"Bearer {await self._token(portal_id)}"}
                answer = await self._hubspot.post("/crm/objects/2026-09/communications", json=body, headers=headers)
                if answer.status_code != LIMITED:
                    answer.raise_for_status()
                    return
                await asyncio.sleep(WINDOW_SECONDS)

    async def _token(self, portal_id: int) -> str:
        if portal_id not in self._tokens:
            headers = {"Authorization": f"Bearer {self._arguments.credential}"}
            answer = await self._oauth.post(f"/internal/tenants/{portal_id}/access-token", headers=headers)
            self._tokens[portal_id] = answer.json()["access_token"]
        return self._tokens[portal_id]


def main() -> None:
    """Run until killed."""
    parser = argparse.ArgumentParser()
    for name in ("kafka", "hubspot-url", "oauth-url", "credential", "contacts", "ready"):
        parser.add_argument(f"--{name}", required=True)
    asyncio.run(Plain(parser.parse_args()).run())


if __name__ == "__main__":
    main()
