"""What stands between a card and the app: `hubspot.fetch` (contract 7.2).

It lets a card call nothing but the app's permitted addresses, says who asks, signs, waits, repeats once, and masks what
is no success. Addresses are those of the upload's profile; they are led to where the app runs here.
"""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, Field, JsonValue

from simulators.hubspot.models import App, Portal
from simulators.hubspot.outbound import MAX_ANSWER_BYTES, Answer, Patience, SignedCaller, json_object
from simulators.hubspot.project import Project
from simulators.hubspot.signing import SignatureVersion

DEFAULT_SECONDS = 15.0
LONGEST_SECONDS = 120.0
CONNECT_SECONDS = 3.0
AT_ONCE = 20
"""Calls of one account at a time."""

MULTIPLE_CHOICES = 300
SERVER_ERROR = 500
SIGNATURES = (SignatureVersion.V2, SignatureVersion.V3)


class Call(BaseModel):
    """One `hubspot.fetch`; `timeout` in milliseconds."""

    url: str = Field(max_length=10_000)
    method: Literal["GET", "POST", "PUT", "DELETE", "PATCH"] = "GET"
    timeout: float | None = Field(default=None, gt=0)
    headers: dict[str, str] = Field(default_factory=dict)
    body: dict[str, JsonValue] | None = None


class Seen(BaseModel):
    """What the card sees: the proxy's own answer, or the app's."""

    status: int
    body: str


class RefusedError(Exception):
    """The proxy does not make this call.

    Attributes:
        seen: what the card sees instead.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.seen = Seen(status=status, body=_error(message, "VALIDATION_ERROR"))


class CardProxy:
    """Makes the calls of every account's cards, so many of one account at a time."""

    def __init__(self, project: Project, app: App, caller: SignedCaller, target_base_url: str) -> None:
        self._project, self._app, self._caller = project, app, caller
        self._target = target_base_url
        self._counts: Counter[int] = Counter()

    async def fetch(self, portal: Portal, call: Call, *, repeat: bool) -> Seen:
        """What a card sees of a call; with `repeat` the app gets it twice, as after an answer that was lost."""
        if self._counts[portal.portal_id] >= AT_ONCE:
            return Seen(status=429, body=_error("Too many requests at a time", "RATE_LIMITS"))
        self._counts[portal.portal_id] += 1
        try:
            return _shown(await self._insist(portal, call, repeat=repeat))
        except RefusedError as refused:
            return refused.seen
        finally:
            self._counts[portal.portal_id] -= 1

    async def _insist(self, portal: Portal, call: Call, *, repeat: bool) -> Answer:
        """One automatic repetition where the connection failed or the app had a fault."""
        answer = await self._once(portal, call)
        failed = answer.status is None or answer.status >= SERVER_ERROR
        return await self._once(portal, call) if failed or repeat else answer

    async def _once(self, portal: Portal, call: Call) -> Answer:
        _check_headers(call.headers)
        url = self._address(portal, call)
        body = b"" if call.body is None or call.method == "GET" else json.dumps(call.body).encode()
        seconds = min(DEFAULT_SECONDS if call.timeout is None else call.timeout / 1000, LONGEST_SECONDS)
        if len(body) > MAX_ANSWER_BYTES:
            raise RefusedError(413, "The request is over 1 MB")
        return await self._caller.call(call.method, url, body, SIGNATURES, Patience(CONNECT_SECONDS, seconds))

    def _address(self, portal: Portal, call: Call) -> str:
        """Where the app runs here, with who asks added to the query."""
        permitted = next((base for base in self._project.app.permitted_urls.fetch if _is_below(call.url, base)), None)
        if permitted is None:
            raise RefusedError(400, "The URL is not in the app's permittedUrls")
        who = {
            "userEmail": portal.user_email,
            "userId": portal.user_id,
            "portalId": portal.portal_id,
            "appId": self._app.app_id,
        }
        added = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in who.items())
        joint = "&" if urlsplit(call.url).query else "?"
        return f"{self._target}{call.url.removeprefix(permitted)}{joint}{added}"


def _is_below(url: str, base: str) -> bool:
    return urlsplit(url).scheme == "https" and url.startswith(f"{base}/")


def _check_headers(headers: Mapping[str, str]) -> None:
    if len(headers) > 1:
        raise RefusedError(400, "Only 'Authorization' header is allowed")
    if any(name.lower() != "authorization" for name in headers):
        raise RefusedError(400, "Invalid Request Headers provided. Only 'Authorization' header is allowed")


def _shown(answer: Answer) -> Seen:
    """The answer as the card sees it: a success as it came, anything else masked as one."""
    if answer.status is None:
        return Seen(status=504, body=_error("The app did not answer", "BAD_GATEWAY"))
    if len(answer.body.encode()) >= MAX_ANSWER_BYTES:
        return Seen(status=502, body=_error("The answer is over 1 MB", "BAD_GATEWAY"))
    if answer.status < MULTIPLE_CHOICES:
        return Seen(status=answer.status, body=answer.body)
    masked: dict[str, object] = {
        "responseBody": json_object(answer.body) or answer.body,
        "context": {"appServerStatusCode": [str(answer.status)]},
        "errors": [],
    }
    return Seen(status=200, body=_error("Error returned from Request Uri", "BAD_GATEWAY", **masked))


def _error(message: str, category: str, **more: object) -> str:
    return json.dumps({"status": "error", "category": category, "message": message, **more})
