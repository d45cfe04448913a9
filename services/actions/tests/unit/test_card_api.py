"""`/api/hubspot/widget/*`, with real signatures."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx2
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from pydantic import SecretStr
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actions.adapters.in_memory import Faults, InMemoryContacts, InMemoryFacts, InMemoryMessenger
from actions.adapters.signatures import HubSpotVerifier
from actions.api import card as card_api
from actions.api.admission import AccountBusyError, Admission
from actions.api.card import CardUseCases
from actions.api.card.refusals import OURS, SHOWN
from actions.errors import (
    ActionsError,
    AuthorityAwayError,
    ChertAwayError,
    ClaimInProgressError,
    ContactUnreadableError,
    HubSpotAwayError,
    HubSpotBusyError,
    InstallUnknownError,
    KeyOutlivedError,
    NotDeliveredError,
    NotNowError,
    OutOfTimeError,
    PostponedError,
    StoreAwayError,
    TenantPausedError,
)
from actions.models import (
    Accepted,
    Answer,
    Campaign,
    CampaignStatus,
    CardContext,
    CardMessage,
    ChatHistory,
    ChatMessage,
    Composer,
    Refused,
    ShownContact,
    ShownConversation,
    ShownSettings,
    ShownStatus,
    Viewer,
    Window,
)
from chassis.clock import ManualClock, milliseconds
from chassis.lifespan import Plumbing, service_app
from contracts.failures import Code

BASE = "https://app.example.test"
WIDGET = "/api/hubspot/widget"
SECRET = "client-secret"
CLOCK = ManualClock()
SEND = {"contact_id": "904", "message": "Hi", "client_message_id": "client-0001"}


def signature(method: str, target: bytes, body: bytes, *, secret: str = SECRET, age_ms: int = 0) -> dict[str, str]:
    """HubSpot's v3 headers for a request."""
    timestamp = str(milliseconds(CLOCK.now()) - age_ms)
    source = method.encode() + BASE.encode() + target + body + timestamp.encode()
    digest = hmac.digest(secret.encode(), source, hashlib.sha256)
    return {
        "X-HubSpot-Signature-v3": base64.b64encode(digest).decode(),
        "X-HubSpot-Request-Timestamp": timestamp,
    }


def build(card: CardUseCases) -> FastAPI:
    """The app with these use cases."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    plumbing = Plumbing(clock=CLOCK)
    app = service_app("actions", "", plumbing, lifespan)
    verifier = HubSpotVerifier(BASE, lambda: (SecretStr(SECRET),), CLOCK)
    app.include_router(card_api.router(verifier, card, plumbing.metrics))
    return app


@pytest.fixture
def clock() -> ManualClock:
    """The clock that signatures are made by."""
    return CLOCK


@dataclass
class HubSpot:
    """Calls the card's routes as HubSpot does."""

    app: FastAPI
    portal_id: int = 62515
    user_id: int = 42

    async def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None = None,
        body: bytes = b"",
    ) -> httpx2.Response:
        """Call a route, with what HubSpot adds to the query, rightly signed."""
        own = {"userId": self.user_id, "portalId": self.portal_id, "userEmail": "ada", "appId": 1}
        target = f"{WIDGET}{path}?{urlencode({**(query or {}), **own})}"
        headers = signature(method, _decoded(target.encode()), body)
        return await self.raw(method, target, body, headers)

    async def raw(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> httpx2.Response:
        """Call whatever is asked for."""
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app), base_url=BASE) as client:
            return await client.request(method, target, content=body, headers=headers)

    async def context(self, contact_id: object = 904) -> httpx2.Response:
        """Open the card on a record."""
        return await self.call("GET", "/context", {"contact_id": contact_id})

    async def send(self, **changes: object) -> httpx2.Response:
        """Send from the card."""
        return await self.call("POST", "/send", body=json.dumps(SEND | changes).encode())


@pytest.fixture
def hubspot(card: CardUseCases) -> HubSpot:
    """HubSpot, calling the real use cases."""
    return HubSpot(build(card))


async def test_the_card_opens(hubspot: HubSpot, facts: InMemoryFacts) -> None:
    """The whole answer, as the card reads it."""
    facts.leads["acme", "+14155551234"] = "lead-1"
    facts.histories["acme", "lead-1"] = ChatHistory(
        (ChatMessage(id="m-1", inbound=True, text="Hello?", at=CLOCK.now()),)
    )

    response = await hubspot.context()

    assert 200 == response.status_code
    assert response.json() == {
        "ok": True,
        "trace_id": response.headers["x-trace-id"],
        "contact": {"id": "904", "name": "Ada Lovelace", "phone": "+14155551234", "phone_property": "phone"},
        "composer": {
            "can_send": True,
            "error": None,
            "code": None,
            "message": None,
            "opted_out_since": None,
            "first_message": False,
            "max_characters": 10_000,
        },
        "conversation": {
            "available": True,
            "chat_id": "lead-1",
            "has_more": False,
            "messages": [
                {
                    "id": "m-1",
                    "direction": "inbound",
                    "text": "Hello?",
                    "at": "2026-11-22T12:00:00Z",
                    "status": None,
                    "delivered_at": None,
                    "read_at": None,
                    "attachments": [],
                    "sender": {"kind": "contact", "user_id": None, "workflow_id": None},
                    "client_message_id": None,
                }
            ],
        },
        "status": {"lead_id": "lead-1", "phone_line": None, "next_send_at": None, "next_send_known": False},
        "settings": {
            "phone_line_id": "line-7",
            "default_region": "US",
            "auto_create_leads": True,
            "auto_send_on_create": False,
            "log_sent_messages": False,
        },
    }


async def test_a_message_is_sent(hubspot: HubSpot, messenger: InMemoryMessenger) -> None:
    """A record id as number or text, and a repeat that differs in `duplicate` and `trace_id` alone."""
    first, again = (await hubspot.send(contact_id=904)).json(), (await hubspot.send()).json()

    assert 1 == len(messenger.ledger)
    assert {
        "ok": True,
        "trace_id": first["trace_id"],
        "message_id": "message-0",
        "lead_id": "lead-0",
        "lead_created": True,
        "phone_line_id": "line-1",
        "duplicate": False,
    } == first
    assert first | {"duplicate": True, "trace_id": again["trace_id"]} == again


async def test_the_campaign_is_not_available_where_chert_does_not_tell(hubspot: HubSpot) -> None:
    """Null, never a made-up figure."""
    body = (await hubspot.call("GET", "/campaign-status")).json()

    assert (True, False, None, []) == (body["ok"], body["available"], body["daily_cap"], body["recent"])


async def test_the_campaign_is_shown(hubspot: HubSpot, facts: InMemoryFacts) -> None:
    """Cap, count, window and the latest sends."""
    facts.campaigns["acme"] = Campaign(" ", 3, 100, Window("09:00", "17:00"), "UTC", auto_dial=True)
    await hubspot.send()

    body = (await hubspot.call("GET", "/campaign-status")).json()

    assert (True, False, 3, 100, {"start": "09:00", "end": "17:00"}, "UTC", True) == tuple(
        body[name]
        for name in ("available", "template_set", "sent_today", "daily_cap", "window", "timezone", "auto_dial")
    )
    assert [("card", "904", "sent", "")] == [
        (one["source"], one["contact_id"], one["status"], one["error"]) for one in body["recent"]
    ]


async def test_a_refusal_is_an_answer(hubspot: HubSpot, messenger: InMemoryMessenger) -> None:
    """HubSpot masks a 4xx, so what a rep should read is HTTP 200 with the failure body."""
    messenger.refusal = Refused(code=2008, error="daily cap reached")

    response = await hubspot.send()

    assert 200 == response.status_code
    assert response.json() == {
        "ok": False,
        "error": "daily cap reached",
        "code": 2008,
        "message": "Today's limit of first messages is reached. Try again tomorrow.",
        "retryable": False,
        "trace_id": response.headers["x-trace-id"],
        "reason": None,
        "problems": None,
    }


async def test_a_missing_contact_is_an_answer(hubspot: HubSpot) -> None:
    """A record that is not in the account is not found, whatever the card says."""
    for response in (await hubspot.context(905), await hubspot.send(contact_id="905")):
        assert (200, 2011, "contact not found") == (
            response.status_code,
            response.json()["code"],
            response.json()["error"],
        )


async def test_an_unknown_account_is_an_answer(card: CardUseCases) -> None:
    """Chert's documented words."""
    stranger = HubSpot(build(card), portal_id=1)

    for response in (
        await stranger.context(),
        await stranger.send(),
        await stranger.call("GET", "/campaign-status"),
    ):
        assert (200, 2001, "unknown or inactive tenant") == (
            response.status_code,
            response.json()["code"],
            response.json()["error"],
        )


@pytest.mark.parametrize(
    ("headers", "code", "reason"),
    [
        ({}, 2012, "missing_signature"),
        ({"X-HubSpot-Signature-v3": "x"}, 2012, "missing_timestamp"),
        (signature("GET", f"{WIDGET}/context".encode(), b"", secret="other"), 2004, "bad_signature"),
        (signature("GET", f"{WIDGET}/context".encode(), b"", age_ms=300_001), 2013, "stale"),
        (signature("POST", f"{WIDGET}/context".encode(), b""), 2004, "bad_signature"),
        (signature("GET", f"{WIDGET}/context?portalId=1".encode(), b""), 2004, "bad_signature"),
    ],
)
async def test_what_hubspot_did_not_sign_is_turned_away(
    headers: dict[str, str], code: int, reason: str, hubspot: HubSpot, contacts: InMemoryContacts
) -> None:
    """401 with the reason, before anything is looked at."""
    response = await hubspot.raw("GET", f"{WIDGET}/context", b"", headers)

    assert (401, code, reason) == (response.status_code, response.json()["code"], response.json()["reason"])
    assert [] == contacts.reads


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"contact_id": ""},
        {"contact_id": "../904"},
        {"contact_id": "9" * 21},
        {"contact_id": "٩٠٤"},
        {"contact_id": "-1"},
    ],
)
async def test_a_record_id_is_a_number(query: dict[str, str], hubspot: HubSpot) -> None:
    """Anything else is no question that a card asks."""
    response = await hubspot.call("GET", "/context", query)

    assert (400, True) == (response.status_code, response.json()["code"] in {1001, 1002})


@pytest.mark.parametrize("portal_id", ["", "x", "0", "-1", str(2**63), "1e3"])
async def test_an_account_id_is_a_number(portal_id: str, hubspot: HubSpot) -> None:
    """The signed query names one account, or the request is none."""
    target = f"{WIDGET}/context?contact_id=904&portalId={portal_id}"

    response = await hubspot.raw("GET", target, b"", signature("GET", target.encode(), b""))

    assert (400, 1002) == (response.status_code, response.json()["code"])


@pytest.mark.parametrize("name", ["portalId", "userId", "contact_id"])
async def test_a_parameter_comes_once(name: str, hubspot: HubSpot) -> None:
    """Of two values nobody can tell which one HubSpot meant, so neither is believed."""
    target = f"{WIDGET}/context?contact_id=904&portalId=62515&userId=42&{name}=1"

    response = await hubspot.raw("GET", target, b"", signature("GET", target.encode(), b""))

    assert (400, 1002) == (response.status_code, response.json()["code"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 1004),
        (b"{", 1004),
        (b"\xff", 1004),
        (b"[]", 1002),
        (b"{}", 1001),
        (json.dumps(SEND | {"message": 7}).encode(), 1002),
        (json.dumps(SEND | {"message": "x" * 100_001}).encode(), 1002),
        (json.dumps(SEND | {"contact_id": "abc"}).encode(), 1002),
        (json.dumps(SEND | {"contact_id": True}).encode(), 1002),
        (json.dumps(SEND | {"client_message_id": "short"}).encode(), 1002),
        (json.dumps(SEND | {"client_message_id": "a" * 101}).encode(), 1002),
        (json.dumps(SEND | {"client_message_id": "wf:1:callback"}).encode(), 1002),
        (b'{"contact_id": "904", "client_message_id": "client-0001", "message": "\\ud800"}', 1004),
    ],
)
async def test_a_malformed_send_is_refused(
    body: bytes, code: int, hubspot: HubSpot, messenger: InMemoryMessenger
) -> None:
    """400 with its code, and nothing is claimed or sent."""
    response = await hubspot.call("POST", "/send", body=body)

    assert (400, code, 0) == (response.status_code, response.json()["code"], messenger.calls)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("", 1001),
        (" \n", 1001),
        ("{{ contact.email }}", 1002),
        ("{{ contact.firstname", 1002),
        ("x" * 10_001, 1009),
        ("🎈" * 10_000, None),
        ("\u202eabc\u0000", None),
        ("}} {{contact.firstname}} {", None),
    ],
)
async def test_what_a_rep_may_type(message: str, code: int | None, hubspot: HubSpot) -> None:
    """Every text is sent, or refused with a code and words for the rep."""
    body = (await hubspot.send(message=message)).json()

    assert code == body.get("code")
    assert body["ok"] or body["message"]


ERRORS: list[tuple[PostponedError, int, int]] = [
    (StoreAwayError(), 503, 3002),
    (AuthorityAwayError(), 503, 3002),
    (HubSpotAwayError(), 200, 3004),
    (HubSpotBusyError(), 200, 1007),
    (ChertAwayError(), 200, 3004),
    (InstallUnknownError(), 200, 3002),
    (TenantPausedError(), 200, 3002),
    (ClaimInProgressError(), 200, 3002),
    (OutOfTimeError(), 200, 3002),
    (KeyOutlivedError(), 200, 3002),
    (NotDeliveredError("", may_have_happened=False, retry_after_seconds=600, code=Code.LINES_SATURATED), 200, 4002),
]


@pytest.mark.parametrize(("error", "status", "code"), ERRORS, ids=lambda value: type(value).__name__)
async def test_what_is_temporary_can_be_tried_again(error: PostponedError, status: int, code: int) -> None:
    """A fault of ours is 503, which HubSpot tries again by itself; anybody else's is told to the rep."""
    response = await HubSpot(build(failing(error))).send()

    assert (status, code, True) == (response.status_code, response.json()["code"], response.json()["retryable"])


def test_every_kind_of_postponement_has_words() -> None:
    """No temporary fault is without an answer."""
    kinds = set(PostponedError.__subclasses__()) | {AccountBusyError}

    assert kinds == OURS.keys() | SHOWN.keys()


async def test_a_saturated_project_says_why_and_when() -> None:
    """Chert's own reason and the wait that it names are passed on."""
    error = NotNowError("The sending window is closed", retry_after_seconds=601, code=Code.LINES_SATURATED)

    body = (await HubSpot(build(failing(error))).send()).json()

    assert "The sending window is closed" == body["error"]
    assert (
        "Chert cannot send a first message right now: The sending window is closed. Try again in 11 minutes."
        == body["message"]
    )


async def test_an_unreadable_account_says_so(hubspot: HubSpot, faults: Faults) -> None:
    """A scope that is missing is the admin's to give."""
    faults.plan("before read", ContactUnreadableError())

    body = (await hubspot.context()).json()

    assert (2010, "contact cannot be read") == (body["code"], body["error"])


def test_an_account_has_as_many_places_as_hubspot_gives_it() -> None:
    """A further request of a busy account is turned away; another account feels nothing; a place comes free again."""
    admission = Admission(1)

    with admission.of(1), admission.of(2), pytest.raises(AccountBusyError), admission.of(1):
        raise AssertionError("admitted")

    with admission.of(1):
        pass


def failing(error: ActionsError) -> CardUseCases:
    """Use cases that all end in the same way."""

    async def show(viewer: Viewer, contact_id: str) -> CardContext:
        raise error

    async def send(viewer: Viewer, message: CardMessage) -> Answer:
        raise error

    async def campaign(viewer: Viewer) -> CampaignStatus:
        raise error

    return CardUseCases(show=show, send=send, campaign=campaign)


def answering() -> CardUseCases:
    """Use cases that know every account and contact."""

    async def show(viewer: Viewer, contact_id: str) -> CardContext:
        return CardContext(
            ShownContact(contact_id, None, None, None),
            Composer((1013, "contact has no usable phone number"), "None.", None, None),
            ShownConversation(available=False, chat_id=None),
            ShownStatus(None, None, next_send_known=False),
            ShownSettings(None, "US", True, False, False),
        )

    async def send(viewer: Viewer, message: CardMessage) -> Answer:
        outcome = Accepted(message_id="m", lead_id=None, lead_created=False, phone_line_id=None)
        return Answer(outcome, duplicate=False)

    async def campaign(viewer: Viewer) -> CampaignStatus:
        return CampaignStatus(None, ())

    return CardUseCases(show=show, send=send, campaign=campaign)


class Signing:
    """An app whose card requests are all rightly signed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, sign, pass on."""
        if scope["type"] != "http" or not scope["path"].startswith(WIDGET):
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        signed = signature(scope["method"], _decoded(target), body)
        headers = [*scope["headers"], *((name.lower().encode(), text.encode()) for name, text in signed.items())]

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app({**scope, "headers": headers}, replay, send)


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def _decoded(target: bytes) -> bytes:
    """The twelve codes that HubSpot decodes before it signs (hubspot-contract.md, section 2)."""
    for code, character in {
        "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$",
        "%27": "'", "%28": "(", "%29": ")", "%2A": "*", "%2C": ",", "%3B": ";",
    }.items():  # fmt: skip
        target = target.replace(code.encode(), character.encode())
    return target


schema = schemathesis.openapi.from_asgi("/openapi.json", Signing(build(answering())))


@schema.include(path_regex=f"^{WIDGET}").parametrize()
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_breaks_the_document(case: schemathesis.Case) -> None:
    """Whatever is asked, rightly signed, there is no server error and no answer that the document does not declare."""
    case.call_and_validate(
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_headers_conformance,
            response_schema_conformance,
        ]
    )
