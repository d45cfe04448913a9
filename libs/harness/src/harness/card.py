"""The sidebar card's requests as HubSpot makes them: who looks is added to the query, and all of it is signed."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlencode

import httpx2
from pydantic import BaseModel, JsonValue

from harness.run_file import RunFile

WIDGET: Final = "/api/hubspot/widget"

_CALL_SECONDS: Final = 15.0
"""What HubSpot gives a card."""


class CardAnswer(BaseModel):
    """What the card gets: its status, and the JSON object."""

    status: int
    body: dict[str, JsonValue]

    @property
    def code(self) -> JsonValue:
        """The code of a refusal; none of a success."""
        return self.body.get("code")

    def part(self, name: str) -> dict[str, JsonValue]:
        """An object inside the answer; empty when it is none."""
        found = self.body.get(name)
        return found if isinstance(found, dict) else {}


class Card:
    """One user's cards in one account."""

    def __init__(
        self, run: RunFile, portal_id: int, *, user_id: int = 42, now: Callable[[], float] = time.time
    ) -> None:
        """Cards of a running system; `now` is the time that is signed, in Unix seconds."""
        self._now = now
        self._run, self._who = run, {"userId": user_id, "portalId": portal_id, "appId": run.hubspot_app.app_id}
        self._client = httpx2.AsyncClient(base_url=run.gateway_url, timeout=_CALL_SECONDS, trust_env=False)

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def context(self, contact_id: str) -> CardAnswer:
        """Open the card on a record."""
        return await self._call("GET", "/context", {"contact_id": contact_id})

    async def send(self, contact_id: str, message: str, client_message_id: str) -> CardAnswer:
        """Press Send."""
        body = {"contact_id": contact_id, "message": message, "client_message_id": client_message_id}
        return await self._call("POST", "/send", {}, json.dumps(body).encode())

    async def campaign(self) -> CardAnswer:
        """Open the campaign tab."""
        return await self._call("GET", "/campaign-status", {})

    async def _call(self, method: str, path: str, query: Mapping[str, str], body: bytes = b"") -> CardAnswer:
        target = f"{WIDGET}{path}?{urlencode({**query, **self._who})}"
        answer = await self._client.request(method, target, content=body, headers=self._signed(method, target, body))
        return CardAnswer(status=answer.status_code, body=answer.json())

    def _signed(self, method: str, target: str, body: bytes) -> dict[str, str]:
        """HubSpot's v3 headers; nothing in these queries has a code that it would decode."""
        timestamp = str(int(self._now() * 1000))
        source = f"{method}{self._run.public_base_url}{target}".encode() + body + timestamp.encode()
        digest = hmac.digest(self._run.hubspot_app.client_secret.encode(), source, hashlib.sha256)
        return {
            "X-HubSpot-Signature-v3": base64.b64encode(digest).decode(),
            "X-HubSpot-Request-Timestamp": timestamp,
        }
