"""`POST /api/hubspot/send`, with real signatures."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actions.adapters.in_memory import (
    Deaths,
    Faults,
    InMemoryAliasStore,
    InMemoryChertConversations,
    InMemoryMessenger,
    InMemoryNewerSignatures,
    InMemorySendStore,
    InMemoryStepStore,
    InMemoryTenantAuthority,
    InMemoryWishStore,
)
from actions.adapters.signatures import HubSpotVerifier
from actions.api.workflow import WorkflowRoutes
from actions.api.workflow_signatures import WorkflowSignatures
from actions.errors import (
    AuthorityAwayError,
    BusyError,
    CallbacksAwayError,
    ChertAwayError,
    ClaimInProgressError,
    HubSpotAwayError,
    HubSpotBusyError,
    InstallUnknownError,
    KeyOutlivedError,
    NotDeliveredError,
    NotToldError,
    OutOfTimeError,
    PostponedError,
    StepParkedError,
    StoreAwayError,
    TenantPausedError,
)
from actions.handlers.bulkheads import Bulkhead
from actions.handlers.claims import Claims
from actions.handlers.parking import Parking
from actions.handlers.reconciling import Reconciling
from actions.handlers.sending import SendOnce
from actions.handlers.signature_versions import SignatureVersions
from actions.handlers.telling import Teller
from actions.handlers.workflow import SendForWorkflow
from actions.models import Answer, Blocked, Refused, SendRequest
from chassis.clock import ManualClock, milliseconds
from chassis.lifespan import Plumbing, service_app
from chassis.number_hash import KeyedNumberHash
from chassis.randomness import SeededRandomness
from chassis.settings import NotLoadedError
from contracts.failures import Code
from contracts.tenants import TenantSnapshot

BASE = "https://app.example.test"
PATH = "/api/hubspot/send"
SECRET, OLD_SECRET = "client-secret", "client-secret-before"
CLOCK = ManualClock()
ERRORS: list[tuple[PostponedError, int, str]] = [
    (StoreAwayError(), 3002, "1000"),
    (AuthorityAwayError(), 3002, "1000"),
    (HubSpotAwayError(), 3002, "1000"),
    (HubSpotBusyError(), 3002, "1000"),
    (ChertAwayError(), 3002, "1000"),
    (InstallUnknownError(), 3002, "1000"),
    (TenantPausedError(), 3002, "1000"),
    (ClaimInProgressError(retry_after_seconds=15.0), 3002, "15000"),
    (OutOfTimeError(), 3002, "1000"),
    (KeyOutlivedError(), 3002, "1000"),
    (NotToldError(), 3002, "1000"),
    (BusyError(), 3002, "1000"),
    (CallbacksAwayError(), 3002, "1000"),
    (StepParkedError(CLOCK.now(), code=Code.LINES_SATURATED), 4002, "1000"),
    (
        NotDeliveredError("full", may_have_happened=False, retry_after_seconds=0.0005, code=Code.LINES_SATURATED),
        4002,
        "1",
    ),
]


def execution(**changes: object) -> dict[str, object]:
    """HubSpot's execution request, as its documentation shows it."""
    return {
        "callbackId": "ap-102670506-56776413549-7-0",
        "origin": {
            "portalId": 62515,
            "actionDefinitionId": 10646377,
            "actionDefinitionVersion": 1,
            "actionExecutionIndexIdentifier": {"enrollmentId": 403081688006, "actionExecutionIndex": 0},
            "extensionDefinitionId": 10646377,
            "extensionDefinitionVersionId": 1,
        },
        "context": {"source": "WORKFLOWS", "workflowId": 192814114},
        "object": {
            "objectId": 904,
            "objectType": "CONTACT",
            "properties": {"phone": "+14155551234", "firstname": "Ada"},
        },
        "inputFields": {"message": "Hi {{ contact.firstname }}"},
        "fields": {"message": "Hi {{ contact.firstname }}"},
    } | changes


def signature(target: bytes, body: bytes, secret: str = SECRET, age_ms: int = 0) -> dict[str, str]:
    """HubSpot's v3 headers for a request."""
    timestamp = str(milliseconds(CLOCK.now()) - age_ms)
    digest = hmac.digest(secret.encode(), b"POST" + BASE.encode() + target + body + timestamp.encode(), hashlib.sha256)
    return {
        "X-HubSpot-Signature-v3": base64.b64encode(digest).decode(),
        "X-HubSpot-Request-Timestamp": timestamp,
    }


def v2(body: bytes) -> dict[str, str]:
    """HubSpot's v2 headers for a request."""
    digest = hashlib.sha256(SECRET.encode() + b"POST" + f"{BASE}{PATH}".encode() + body).hexdigest()
    return {"X-HubSpot-Signature": digest, "X-HubSpot-Signature-Version": "v2"}


def build(
    send: Callable[[SendRequest], Awaitable[Answer | Blocked]], *secrets: str, accept_v2: bool = False
) -> FastAPI:
    """The app with those client secrets, or none loaded."""

    def read() -> tuple[SecretStr, ...]:
        if not secrets:
            raise NotLoadedError("absent")
        return tuple(SecretStr(secret) for secret in secrets)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    plumbing = Plumbing(clock=CLOCK)
    app = service_app("actions", "", plumbing, lifespan)
    signatures = WorkflowSignatures(
        verifier=HubSpotVerifier(f"{BASE}/", read, CLOCK),
        versions=SignatureVersions(InMemoryNewerSignatures()),
        accept_v2=accept_v2,
        metrics=plumbing.metrics,
    )
    WorkflowRoutes(signatures, send).install(app)
    return app


@pytest.fixture
def clock() -> ManualClock:
    """The clock that signatures are made by."""
    return CLOCK


@pytest.fixture
def app(send_once: SendOnce) -> FastAPI:
    """The app with a rotated client secret."""
    return build(send_once, SECRET, OLD_SECRET)


async def post(app: FastAPI, content: bytes, headers: object = None, target: str = PATH) -> httpx2.Response:
    """Call the route, rightly signed unless other headers are given."""
    sent = signature(target.encode(), content) if headers is None else headers
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE) as client:
        return await client.post(target, content=content, headers=sent)


async def call(app: FastAPI, **changes: object) -> httpx2.Response:
    """Run an execution, rightly signed."""
    return await post(app, json.dumps(execution(**changes)).encode())


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
@pytest.mark.parametrize("target", [PATH, f"{PATH}?a=b%20c&d=%40"])
async def test_an_execution_is_answered_with_its_outputs(
    app: FastAPI, messenger: InMemoryMessenger, secret: str, target: str
) -> None:
    """A signed execution, under either secret of a rotation and with any query, sends and tells its outputs."""
    body = json.dumps(execution()).encode()
    signed_target = target.replace("%40", "@").encode()

    response = await post(app, body, signature(signed_target, body, secret), target)

    assert (200, 1) == (response.status_code, len(messenger.ledger))
    assert response.json() == {
        "outputFields": {
            "ok": "true",
            "message_id": "message-0",
            "lead_id": "lead-0",
            "lead_created": "true",
            "phone_line_id": "line-1",
            "duplicate": "false",
            "hs_execution_state": "SUCCESS",
        }
    }


async def test_a_repeat_differs_in_duplicate_alone(app: FastAPI) -> None:
    """HubSpot's repeat gets the same outputs, marked as a duplicate."""
    first, again = await call(app), await call(app)

    assert first.json()["outputFields"] | {"duplicate": "true"} == again.json()["outputFields"]


async def test_a_final_refusal_lets_the_workflow_go_on(app: FastAPI) -> None:
    """A final refusal is HTTP 200, with the failure's members as outputs in texts and the state that goes on."""
    response = await call(app, object={"objectId": 904})

    outputs = response.json()["outputFields"]
    assert response.status_code == 200
    assert outputs == {
        "ok": "false",
        "error": "contact has no usable phone number",
        "code": "1013",
        "message": "The contact has no usable phone number.",
        "retryable": "false",
        "trace_id": response.headers["x-trace-id"],
        "duplicate": "false",
        "hs_execution_state": "FAIL_CONTINUE",
    }


async def test_a_repeated_refusal_differs_in_duplicate_and_trace_alone(app: FastAPI) -> None:
    """The repeat of a refusal is the same refusal, under its own trace."""
    first, again = await call(app, object={"objectId": 904}), await call(app, object={"objectId": 904})

    changed = {"duplicate": "true", "trace_id": again.headers["x-trace-id"]}
    assert first.json()["outputFields"] | changed == again.json()["outputFields"]


async def test_words_and_code_of_chert_reach_the_workflow(app: FastAPI, messenger: InMemoryMessenger) -> None:
    """A code that our own routes never answer with is passed on as it is."""
    messenger.refusal = Refused(code=1010, error="service not supported")

    outputs = (await call(app)).json()["outputFields"]

    assert ("service not supported", "1010", "The message was refused.") == (
        outputs["error"],
        outputs["code"],
        outputs["message"],
    )


async def test_an_unknown_account_is_a_final_refusal(app: FastAPI) -> None:
    """An account that `oauth` does not know gets the published words."""
    outputs = (await call(app, origin={"portalId": 1})).json()["outputFields"]

    assert ("unknown or inactive tenant", "2001", "FAIL_CONTINUE") == (
        outputs["error"],
        outputs["code"],
        outputs["hs_execution_state"],
    )


async def test_the_same_callback_with_other_content_is_a_final_refusal(app: FastAPI) -> None:
    """A callback id does not stand for another message."""
    await call(app)

    outputs = (await call(app, inputFields={"message": "Bye"})).json()["outputFields"]

    assert ("1012", "FAIL_CONTINUE") == (outputs["code"], outputs["hs_execution_state"])


@pytest.mark.parametrize(
    ("headers", "code", "reason"),
    [
        ({}, 2012, "missing_signature"),
        ({"X-HubSpot-Signature-v3": "x" * 44}, 2012, "missing_timestamp"),
        (v2(json.dumps(execution()).encode()), 2012, "missing_signature"),
        (signature(PATH.encode(), b"other"), 2004, "bad_signature"),
        (signature(PATH.encode(), json.dumps(execution()).encode(), "other"), 2004, "bad_signature"),
        (signature(b"/api/hubspot/webhook", json.dumps(execution()).encode()), 2004, "bad_signature"),
        (signature(PATH.encode(), b"") | {"X-HubSpot-Signature-v3": "short"}, 2004, "malformed_signature"),
        (signature(PATH.encode(), b"") | {"X-HubSpot-Request-Timestamp": "1e3"}, 2004, "malformed_timestamp"),
        ([*signature(PATH.encode(), json.dumps(execution()).encode()).items()] * 2, 2012, "missing_signature"),
        (
            [(b"X-HubSpot-Signature-v3", b"\xff\xfe"), (b"X-HubSpot-Request-Timestamp", b"1")],
            2004,
            "malformed_signature",
        ),
    ],
)
async def test_an_unauthentic_request_is_a_typed_401(
    app: FastAPI, messenger: InMemoryMessenger, sends: InMemorySendStore, headers: object, code: int, reason: str
) -> None:
    """Unsigned, wrongly signed or signed by v2 alone: 401 with the contract's code, and nothing is done."""
    response = await post(app, json.dumps(execution()).encode(), headers)

    body = response.json()
    assert response.status_code == 401
    assert (False, code, False, reason) == (body["ok"], body["code"], body["retryable"], body["reason"])
    assert response.headers["x-trace-id"] == body["trace_id"]
    assert (0, {}) == (messenger.calls, sends.sends)


@pytest.mark.parametrize("age_ms", [300_001, -300_001])
async def test_a_right_signature_at_the_wrong_time_is_503(
    app: FastAPI, messenger: InMemoryMessenger, age_ms: int
) -> None:
    """Our clock may be off and HubSpot signs a repeat anew, so the enrolment is not lost by a 4xx."""
    body = json.dumps(execution()).encode()

    response = await post(app, body, signature(PATH.encode(), body, age_ms=age_ms))

    assert (503, "1000") == (response.status_code, response.headers["retry-after"])
    assert (True, "stale", 0) == (response.json()["retryable"], response.json()["reason"], messenger.calls)


@pytest.mark.parametrize("age_ms", [300_000, -300_000])
async def test_the_window_is_five_minutes_either_way(app: FastAPI, age_ms: int) -> None:
    """Exactly five minutes off is still accepted."""
    body = json.dumps(execution()).encode()

    assert (await post(app, body, signature(PATH.encode(), body, age_ms=age_ms))).status_code == 200


async def test_a_secret_that_is_not_loaded_is_503(send_once: SendOnce) -> None:
    """Without the secret nothing can be said about a signature, so HubSpot is asked to come again."""
    response = await call(build(send_once))

    assert (503, "1000") == (response.status_code, response.headers["retry-after"])


@pytest.mark.parametrize(("error", "code", "retry_after"), ERRORS, ids=lambda value: type(value).__name__)
async def test_temporary_trouble_is_503_in_milliseconds(error: PostponedError, code: int, retry_after: str) -> None:
    """Whatever postpones a send is 503 in the failure form, retryable, its `Retry-After` in milliseconds."""

    async def send(_: SendRequest) -> Answer:
        raise error

    response = await call(build(send, SECRET))

    body = response.json()
    assert (503, retry_after) == (response.status_code, response.headers["retry-after"])
    assert (False, code, True) == (body["ok"], body["code"], body["retryable"])


def test_every_kind_of_postponement_has_words() -> None:
    """No temporary error is without its row in the tests above."""
    assert {type(error) for error, _, _ in ERRORS} == set(PostponedError.__subclasses__())


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 1004),
        (b"{", 1004),
        (b"\xff", 1004),
        (b'{"callbackId": "\\ud800"}', 1004),
        (b'{"callbackId": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", 1004),
        (b"[]", 1002),
        (b"{}", 1001),
    ],
)
async def test_a_signed_body_that_is_no_execution_is_400(app: FastAPI, body: bytes, code: int) -> None:
    """Broken JSON, another shape and a missing member are told apart, in the failure form."""
    response = await post(app, body)

    assert (400, code, False) == (response.status_code, response.json()["code"], response.json()["ok"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"callbackId": ""}, 1002),
        ({"callbackId": "x" * 201}, 1002),
        ({"callbackId": 7}, 1002),
        ({"origin": {}}, 1001),
        ({"origin": {"portalId": 0}}, 1002),
        ({"origin": {"portalId": "acme"}}, 1002),
        ({"origin": {"portalId": 2**63}}, 1002),
        ({"object": {}}, 1001),
        ({"object": {"objectId": -1}}, 1002),
        ({"object": {"objectId": 10**400}}, 1002),
        ({"inputFields": {"message": ["Hi"]}}, 1002),
        ({"inputFields": "Hi"}, 1002),
    ],
)
async def test_a_member_of_the_wrong_form_is_400(
    app: FastAPI, sends: InMemorySendStore, changes: dict[str, object], code: int
) -> None:
    """What a send cannot do without must be there and fit."""
    response = await call(app, **changes)

    assert (400, code, {}) == (response.status_code, response.json()["code"], sends.sends)


@pytest.mark.parametrize(
    "changes",
    [
        {"context": None},
        {"context": []},
        {"context": {"workflowId": "many"}},
        {"origin": {"portalId": 62515}},
        {"origin": {"portalId": 62515, "actionExecutionIndexIdentifier": 7}},
        {"origin": {"portalId": 62515, "actionExecutionIndexIdentifier": {"enrollmentId": 2**64}}},
        {"fields": None},
        {"inputFields": None},
        {"inputFields": {}},
        {"object": {"objectId": "904", "objectType": 3, "properties": {"phone": "+14155551234", "company": 7}}},
        {"newMember": {"deep": [1, None]}},
    ],
)
async def test_everything_else_is_optional(
    app: FastAPI, messenger: InMemoryMessenger, changes: dict[str, object]
) -> None:
    """A loosely documented member that is absent or of another form does not lose the enrolment."""
    response = await call(app, **changes)

    assert (200, 1) == (response.status_code, len(messenger.ledger))


@pytest.mark.parametrize(
    ("changes", "alias"),
    [
        ({}, "wfx:62515:192814114:403081688006:0:904"),
        ({"context": None}, None),
        ({"origin": {"portalId": 62515}}, None),
        (
            {
                "origin": {
                    "portalId": 62515,
                    "actionExecutionIndexIdentifier": {"enrollmentId": 0, "actionExecutionIndex": 0},
                }
            },
            None,
        ),
        ({"origin": {"portalId": 62515, "actionExecutionIndexIdentifier": {"enrollmentId": 5}}}, None),
    ],
)
async def test_the_enrolment_is_a_second_name_where_it_is_told(
    app: FastAPI, aliases: InMemoryAliasStore, changes: dict[str, object], alias: str | None
) -> None:
    """The second name needs workflow, enrolment (not zero) and step."""
    await call(app, **changes)

    expected = {} if alias is None else {alias: "wf:62515:ap-102670506-56776413549-7-0"}
    assert expected == aliases.keys


async def test_the_message_falls_back_to_fields(app: FastAPI, messenger: InMemoryMessenger) -> None:
    """Where `inputFields` has no message, `fields` has it."""
    await call(app, inputFields={"other": "x"}, fields={"message": "from fields"})

    assert ["from fields"] == [delivered.message.body for delivered in messenger.ledger]


async def test_over_a_mebibyte_is_413(app: FastAPI) -> None:
    """A body over 1 MiB is refused in the failure form before it is read."""
    response = await post(app, b" " * (1024 * 1024 + 1))

    assert (413, False) == (response.status_code, response.json()["ok"])


async def test_another_method_is_405(app: FastAPI) -> None:
    """The route is for POST."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE) as client:
        response = await client.get(PATH)

    assert (405, False) == (response.status_code, response.json()["ok"])


@given(st.binary(max_size=400), st.binary(max_size=60), st.binary(max_size=20))
@settings(deadline=None, max_examples=50)
async def test_no_unsigned_request_is_ever_accepted(body: bytes, given_signature: bytes, timestamp: bytes) -> None:
    """Whatever bytes come as body, signature and timestamp, the answer is 401."""
    headers = [
        (b"x-hubspot-signature-v3", given_signature),
        (b"x-hubspot-request-timestamp", timestamp),
    ]
    response = await raw_post(build(never_called, SECRET), body, headers)

    assert response == 401


async def never_called(_: SendRequest) -> Answer:
    """The handler of an app that must not reach it."""
    raise AssertionError("reached the handler")


async def raw_post(app: ASGIApp, body: bytes, headers: list[tuple[bytes, bytes]]) -> int:
    """Call the app below any client, which would refuse to send such headers; the result is the status."""
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "headers": headers,
    }
    await app(scope, receive, send)
    return statuses[0]


class EveryTenant:
    """Knows every account, so that made-up requests get far."""

    def __init__(self, tenant: TenantSnapshot) -> None:
        self._tenant = tenant

    async def apply(self, snapshot: TenantSnapshot) -> bool:
        """Nothing is newer."""
        return snapshot.revision < 0

    async def find(self, portal_id: int) -> TenantSnapshot | None:
        """The account, connected."""
        return self._tenant.model_copy(update={"portal_id": portal_id})


class Signing:
    """Signs what passes, as HubSpot would."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, sign, pass on."""
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        signed = signature(target, body)
        headers = [*scope["headers"], *((name.lower().encode(), text.encode()) for name, text in signed.items())]

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app({**scope, "headers": headers}, replay, send)


def sending_for_anyone() -> FastAPI:
    """The app, serving every account."""
    plumbing, sends, faults = Plumbing(clock=CLOCK), InMemorySendStore(), Faults()
    aliases, steps, deaths = InMemoryAliasStore(), InMemoryStepStore(), Deaths(faults)
    claims = Claims(sends, aliases, CLOCK)
    tenant = TenantSnapshot(
        portal_id=1, project_id="p", chert_tenant="acme", status="active", generation=1, revision=1, scopes=()
    )
    send = SendOnce(
        tenants=EveryTenant(tenant),
        authority=InMemoryTenantAuthority(),
        sends=sends,
        claims=claims,
        wishes=InMemoryWishStore(),
        number_hash=KeyedNumberHash(lambda: SecretStr("number-hash-key-0123456789")),
        messenger=InMemoryMessenger(faults),
        reconciling=Reconciling(conversations=InMemoryChertConversations(), sends=sends, aliases=aliases, clock=CLOCK),
        parking=Parking(steps=steps, sends=sends, claims=claims, faults=deaths, clock=CLOCK),
        faults=deaths,
        announce=lambda: None,
        teller=Teller(plumbing.metrics),
        clock=CLOCK,
        randomness=SeededRandomness(),
    )
    places = Bulkhead(each=1, total=1, waiting=1)
    return build(SendForWorkflow(send_once=send, steps=steps, sends=sends, bulkhead=places), SECRET)


async def test_v2_is_let_in_by_a_setting_until_v3_was_seen(send_once: SendOnce) -> None:
    """With the setting on, v2 counts where no v3 came; from an account that has sent v3 it never counts again."""
    app = build(send_once, SECRET, accept_v2=True)
    body = json.dumps(execution()).encode()

    assert 200 == (await post(app, body, v2(body))).status_code
    assert 401 == (await post(app, body, v2(body + b" "))).status_code
    assert 401 == (await post(app, body, v2(body) | signature(PATH.encode(), body, "wrong"))).status_code
    assert 200 == (await post(app, body)).status_code
    assert "v2_after_v3" == (await post(app, body, v2(body))).json()["reason"]


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"if_not_now": "sometimes"}, "1002"),
        ({"after_sending": "wait"}, "1002"),
        ({"if_not_now": "wait", "if_not_now_days": "0"}, "1002"),
        ({"if_not_now": "wait", "if_not_now_days": "31"}, "1002"),
        ({"after_sending": "wait_for_reply", "reply_days": "1.5"}, "1002"),
        ({"after_sending": "wait_for_reply", "reply_days": "٣"}, "1002"),
        ({"phone_line_id": "x" * 101}, "1002"),
        ({"if_not_now": "", "if_not_now_days": "", "after_sending": "", "reply_days": "", "phone_line_id": ""}, None),
        ({"if_not_now": 7, "reply_days": ["3"], "phone_line_id": {}}, None),
        ({"if_not_now": "refuse", "after_sending": "continue", "phone_line_id": "pool"}, None),
    ],
)
async def test_inputs_are_used_or_refused_with_their_code(
    app: FastAPI, inputs: dict[str, object], code: str | None
) -> None:
    """A value that no author can choose is refused in words; what is empty or of another form counts as not chosen."""
    response = await call(app, inputFields={"message": "Hi", **inputs}, fields={})

    assert (200, code) == (response.status_code, response.json()["outputFields"].get("code"))


schema = schemathesis.openapi.from_asgi("/openapi.json", Signing(sending_for_anyone()))


@schema.parametrize()
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_breaks_the_document(case: schemathesis.Case) -> None:
    """Whatever is sent, rightly signed, there is no server error and no answer that the document does not declare."""
    case.call_and_validate(
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_headers_conformance,
            response_schema_conformance,
        ]
    )
