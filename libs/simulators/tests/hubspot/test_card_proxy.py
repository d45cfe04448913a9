"""What stands between a card and the app: `hubspot.fetch` as the contract has it."""

import asyncio
import json
from pathlib import Path

import httpx2
import pytest

from simulators.clock import ManualClock
from simulators.hubspot.app_definition import app_from
from simulators.hubspot.card_proxy import AT_ONCE, Call, CardProxy
from simulators.hubspot.models import Portal
from simulators.hubspot.outbound import SignedCaller
from simulators.hubspot.project import read_project
from simulators.hubspot.settings import HubSpotSimulatorSettings
from simulators.hubspot.signing import sign_v2, sign_v3
from simulators.receiver import Receiver

APP = "https://console.trychert.com/api/hubspot/widget"


async def fetched(http: httpx2.AsyncClient, portal_id: int, **call: object) -> tuple[int, object]:
    """The status and body that a card sees."""
    answer = (await http.post(f"/card-proxy/{portal_id}", json=call)).json()
    try:
        return answer["status"], json.loads(answer["body"])
    except ValueError:
        return answer["status"], answer["body"]


async def test_a_call_says_who_asks_and_is_signed(http: httpx2.AsyncClient, portal_id: int, receiver: Receiver) -> None:
    """The proxy adds user, account and app to the query, leads the call to the app, and signs it in both versions."""
    receiver.answer_next(200, '{"ok": true}')

    seen = await fetched(http, portal_id, url=f"{APP}/context?contact_id=904")

    (call,) = receiver.calls
    assert (200, {"ok": True}) == seen
    assert "GET" == call.method
    assert call.url.startswith(
        "http://localhost:8080/api/hubspot/widget/context?contact_id=904&userEmail=admin%40portal"
    )
    assert call.url.endswith("&portalId=62515&appId=77")
    timestamp = call.headers["x-hubspot-request-timestamp"]
    assert sign_v2("secret-1", "GET", call.url, b"") == call.headers["x-hubspot-signature"]
    assert sign_v3("secret-1", "GET", call.url, b"", timestamp) == call.headers["x-hubspot-signature-v3"]


async def test_a_body_is_sent_as_json(http: httpx2.AsyncClient, portal_id: int, receiver: Receiver) -> None:
    """What a card posts arrives as JSON, and the query begins where the card gave none."""
    await fetched(http, portal_id, url=f"{APP}/send", method="POST", body={"message": "Zoë"})

    (call,) = receiver.calls
    assert {"message": "Zoë"} == json.loads(call.body)
    assert "application/json" == call.headers["content-type"]
    assert "/widget/send?userEmail=" in call.url


@pytest.mark.parametrize(
    "call",
    [
        {"url": "https://elsewhere.example/x"},
        {"url": "http://console.trychert.com/api/hubspot/widget/context"},
        {"url": "https://console.trychert.com.elsewhere.example/x"},
        {"url": f"{APP}/context", "headers": {"X-Own": "1"}},
        {"url": f"{APP}/context", "headers": {"Authorization": "x", "X-Own": "1"}},
    ],
)
async def test_what_a_card_may_not_do_never_reaches_the_app(
    http: httpx2.AsyncClient, portal_id: int, receiver: Receiver, call: dict[str, object]
) -> None:
    """Other addresses, plain http and other headers are refused by the proxy itself."""
    status, _ = await fetched(http, portal_id, **call)

    assert 400 == status
    assert [] == receiver.calls


@pytest.mark.parametrize(
    ("status", "body", "shown"),
    [
        (404, '{"ok": false, "code": 2011}', {"ok": False, "code": 2011}),
        (302, "moved", "moved"),
        (401, "", ""),
    ],
)
async def test_what_is_no_success_is_masked(
    http: httpx2.AsyncClient, portal_id: int, receiver: Receiver, status: int, body: str, shown: object
) -> None:
    """An answer from 300 on comes as 200, with the app's own status and body inside."""
    receiver.answer_next(status, body)

    seen, masked = await fetched(http, portal_id, url=f"{APP}/context")

    assert isinstance(masked, dict)
    assert (200, "error", shown) == (seen, masked["status"], masked["responseBody"])
    assert {"appServerStatusCode": [str(status)]} == masked["context"]


async def test_a_fault_is_tried_once_more(http: httpx2.AsyncClient, portal_id: int, receiver: Receiver) -> None:
    """A 5xx is repeated once, freshly signed; the second answer counts."""
    receiver.answer_next(503, "{}")
    receiver.answer_next(200, '{"ok": true}')

    assert (200, {"ok": True}) == await fetched(http, portal_id, url=f"{APP}/send", method="POST", body={"a": 1})
    assert [b'{"a": 1}', b'{"a": 1}'] == [call.body for call in receiver.calls]


async def test_a_fault_that_stays_is_masked(http: httpx2.AsyncClient, portal_id: int, receiver: Receiver) -> None:
    """After one repetition the proxy gives up, and the card sees the fault masked."""
    for _ in range(2):
        receiver.answer_next(500, "broken")

    _, masked = await fetched(http, portal_id, url=f"{APP}/context")

    assert isinstance(masked, dict)
    assert ["500"] == masked["context"]["appServerStatusCode"]
    assert 2 == len(receiver.calls)


async def test_calls_can_be_made_to_arrive_twice(http: httpx2.AsyncClient, portal_id: int, receiver: Receiver) -> None:
    """With the switch on, the app gets every call twice, as after an answer that was lost."""
    await http.patch("/control/switches", json={"repeat_card_calls": True})

    await fetched(http, portal_id, url=f"{APP}/send", method="POST", body={"a": 1})

    assert 2 == len(receiver.calls)


async def test_an_answer_over_a_megabyte_is_none(http: httpx2.AsyncClient, portal_id: int, receiver: Receiver) -> None:
    """The proxy lets no answer of more than 1 MB through."""
    receiver.answer_next(200, json.dumps("x" * 1_100_000))

    status, _ = await fetched(http, portal_id, url=f"{APP}/context")

    assert 502 == status


class Gate(httpx2.AsyncBaseTransport):
    """An app that answers nobody until so many calls wait."""

    def __init__(self, until: int) -> None:
        self._until, self._waiting = until, 0
        self._open = asyncio.Event()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Wait for the others, then answer."""
        self._waiting += 1
        if self._waiting >= self._until:
            self._open.set()
        await self._open.wait()
        return httpx2.Response(200, json={"ok": True})


async def test_an_account_has_so_many_calls_at_a_time(project: Path) -> None:
    """The twenty-first call at a time is refused, other accounts are not, and afterwards there is room again."""
    settings = HubSpotSimulatorSettings(
        port=1, client_id="c", client_secret="s", app_id=77, redirect_uris=(), target_base_url="http://localhost:8080"
    )
    urls = {"target_base_url": settings.target_base_url, "public_base_url": settings.target_base_url}
    busy, other = Portal(1, "Busy", 1), Portal(2, "Other", 1)
    async with httpx2.AsyncClient(transport=Gate(AT_ONCE + 1)) as client:
        caller = SignedCaller(client, ManualClock(), secret="s", **urls)
        proxy = CardProxy(read_project(project), app_from(settings), caller, settings.target_base_url)
        call = Call(url=f"{APP}/context")
        waiting = [asyncio.create_task(proxy.fetch(busy, call, repeat=False)) for _ in range(AT_ONCE)]
        await asyncio.sleep(0)

        assert 429 == (await proxy.fetch(busy, call, repeat=False)).status
        assert 200 == (await proxy.fetch(other, call, repeat=False)).status
        assert {200} == {seen.status for seen in await asyncio.gather(*waiting)}
        assert 200 == (await proxy.fetch(busy, call, repeat=False)).status
