import httpx2
import pytest

from simulators.chert.idempotency import LIFETIME_SECONDS
from simulators.chert.simulator import ChertSimulator
from simulators.chert.testing import ApiClient
from simulators.clock import ManualClock

PHONE = "+14155551234"
KEY = "wf:12345678:ap-1"
PARTS = [{"type": "text", "value": "Hi"}]


async def send(api: ApiClient, **fields: object) -> httpx2.Response:
    """`POST /send` under the key, with these fields over the usual ones."""
    return await api.call("POST", "/send", {"phone": PHONE, "body": "Hi", "idempotency_key": KEY, **fields})


async def test_a_repeat_gets_the_original_answer(api: ApiClient, chert: ChertSimulator) -> None:
    """The same key with the same body returns the first answer, whole, and sends nothing."""
    first, repeat = await send(api), await send(api)
    assert first.json() == repeat.json()
    assert repeat.json()["lead_created"]
    assert 1 == len(chert.state.sends)


async def test_another_body_under_the_key_is_refused(api: ApiClient, chert: ChertSimulator) -> None:
    """The same key with another body is 409 with 1012, and sends nothing."""
    await send(api)
    response = await send(api, body="Something else")
    assert (409, 1012, False) == (response.status_code, response.json()["code"], response.json()["retryable"])
    assert 1 == len(chert.state.sends)


async def test_the_order_of_members_does_not_matter(api: ApiClient, chert: ChertSimulator) -> None:
    """The same body counts as the same however its JSON is written."""
    await send(api)
    repeat = await api.raw(
        "POST", "/send", f'{{ "idempotency_key":"{KEY}","body":"\\u0048i","phone":"{PHONE}"}}'.encode()
    )
    assert 200 == repeat.status_code
    assert 1 == len(chert.state.sends)


async def test_a_key_belongs_to_its_tenant(api: ApiClient, stranger: ApiClient, chert: ChertSimulator) -> None:
    """Two tenants may use the same key for different messages."""
    await send(api)
    assert 200 == (await send(stranger, body="Something else")).status_code
    assert 2 == len(chert.state.sends)


@pytest.mark.parametrize(("seconds", "sends"), [(LIFETIME_SECONDS - 1, 1), (LIFETIME_SECONDS, 2)])
async def test_a_key_lives_a_day(
    api: ApiClient, chert: ChertSimulator, clock: ManualClock, seconds: int, sends: int
) -> None:
    """A key is remembered for 24 hours by the simulator's clock, then it is new again."""
    await send(api)
    clock.advance(seconds)
    assert 200 == (await send(api)).status_code
    assert sends == len(chert.state.sends)


async def test_a_failure_leaves_the_key_free(api: ApiClient, chert: ChertSimulator) -> None:
    """A refused send can be made right under the same key."""
    assert 400 == (await send(api, body="https://chert.example")).status_code
    assert 200 == (await send(api)).status_code
    assert 1 == len(chert.state.sends)


async def test_chats_and_follow_ups_have_keys_too(api: ApiClient, chert: ChertSimulator) -> None:
    """A repeated chat creation and a repeated follow-up return their first answers."""
    numbers = (await api.call("GET", "/phone-numbers")).json()["phone_numbers"]
    creation = {
        "from": numbers[0]["phone_number"],
        "to": [PHONE],
        "message": {"parts": PARTS, "idempotency_key": "chat-1"},
    }
    chats = [(await api.call("POST", "/chats", creation)).json() for _ in range(2)]
    follow_up = {"message": {"parts": PARTS, "idempotency_key": "follow-1"}}
    path = f"/chats/{chats[0]['chat']['id']}/messages"
    follow_ups = [(await api.call("POST", path, follow_up)).json() for _ in range(2)]
    assert chats[0] == chats[1]
    assert follow_ups[0] == follow_ups[1]
    assert 2 == len(chert.state.sends)


async def test_a_send_whose_answer_was_lost_is_not_sent_twice(api: ApiClient, chert: ChertSimulator) -> None:
    """A send that took effect before its answer was lost is found again by its key."""
    fault = {"path_prefix": "/api/v1/send", "kind": "status", "status": 502, "after_write": True}
    await api.http.post("/control/faults", json=fault)
    lost, repeat = await send(api), await send(api)
    assert (502, 200) == (lost.status_code, repeat.status_code)
    assert [repeat.json()["message_id"]] == [sent.message_id for sent in chert.state.sends]


async def test_the_life_of_a_key_can_be_shortened(api: ApiClient, chert: ChertSimulator, clock: ManualClock) -> None:
    """The control API sets how long keys are known, those that are known already too."""
    await send(api)
    clock.advance(3600)
    await send(api)
    assert 1 == len(chert.state.sends)

    assert 204 == (await api.http.put("/control/idempotency", json={"lifetime_seconds": 3600})).status_code
    await send(api)
    assert 2 == len(chert.state.sends)
