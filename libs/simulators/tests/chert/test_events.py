import pytest

from simulators.chert.simulator import ChertSimulator
from simulators.chert.testing import ApiClient, Receiver
from simulators.clock import ManualClock

PHONE = "+14155551234"


async def reply(api: ApiClient, phone: str = PHONE) -> dict[str, str]:
    """A lead's reply."""
    order = {"phone": phone, "text": "Yes"}
    receipt: dict[str, str] = (await api.http.post(f"/control/tenants/{api.tenant}/replies", json=order)).json()
    return receipt


async def page(api: ApiClient, **params: str | int) -> tuple[list[str], str | None]:
    """The event ids of one page, and the cursor of the next."""
    body = (await api.call("GET", "/events", **params)).json()
    assert len(body["events"]) == body["count"]
    return [row["event_id"] for row in body["events"]], body["next_cursor"]


async def test_a_row(api: ApiClient, chert: ChertSimulator) -> None:
    """A row has the published members, and is found again by its own id and by its event id."""
    receipt = await reply(api)
    await chert.webhooks.settle()
    (row,) = (await api.call("GET", "/events")).json()["events"]
    members = {"id", "type", "event_id", "lead_id", "convo_id", "payload", "delivery", "created_at"}
    assert members == set(row)
    assert {"status", "url", "attempts", "delivered_at"} == set(row["delivery"])
    assert {"at", "status", "duration_ms", "subscription_id"} == set(row["delivery"]["attempts"][0])
    assert (receipt["event_id"], receipt["chat_id"]) == (row["payload"]["event_id"], row["lead_id"])
    for any_id in (row["id"], row["event_id"]):
        assert row == (await api.call("GET", f"/events/{any_id}")).json()


async def test_pages(api: ApiClient) -> None:
    """Following the cursor yields every row once, oldest first, and ends with no cursor."""
    expected = [(await reply(api))["event_id"] for _ in range(5)]
    seen, cursor = await page(api, limit=2)
    while cursor:
        ids, cursor = await page(api, limit=2, cursor=cursor)
        seen += ids
    assert expected == seen


async def test_filters(api: ApiClient, chert: ChertSimulator, receiver: Receiver, clock: ManualClock) -> None:
    """Rows can be chosen by type, delivery status, lead and time; `since` is inclusive."""
    receiver.statuses = [400]
    first = await reply(api)
    await chert.webhooks.settle()
    clock.advance(60)
    second = await reply(api, "+14155559999")
    await chert.webhooks.settle()
    assert ([first["event_id"]], None) == await page(api, status="failed")
    assert ([second["event_id"]], None) == await page(api, status="delivered", type="message.received")
    assert ([second["event_id"]], None) == await page(api, lead_id=second["chat_id"])
    assert ([second["event_id"]], None) == await page(api, since="2026-09-21T14:14:20.000Z")
    assert ([], None) == await page(api, type="lead_reply")


@pytest.mark.parametrize(
    "params",
    [{"limit": 0}, {"limit": 201}, {"limit": "many"}, {"since": "yesterday"}, {"status": "lost"}, {"cursor": "%%%"}],
)
async def test_bad_filters(api: ApiClient, params: dict[str, str | int]) -> None:
    """A filter out of its range is 400 with 1002."""
    response = await api.call("GET", "/events", **params)
    assert (400, 1002) == (response.status_code, response.json()["error"]["code"])


async def test_tenants_read_their_own_log(api: ApiClient, stranger: ApiClient) -> None:
    """A tenant neither lists, reads nor replays another's event."""
    event_id = (await reply(api))["event_id"]
    assert ([event_id], None) == await page(api)
    assert ([], None) == await page(stranger)
    for method, path in (("GET", f"/events/{event_id}"), ("POST", f"/events/{event_id}/replay")):
        assert 200 == (await api.call(method, path)).status_code
        crossed = await stranger.call(method, path)
        assert (404, 2011) == (crossed.status_code, crossed.json()["error"]["code"])


async def test_replay(api: ApiClient, chert: ChertSimulator, receiver: Receiver) -> None:
    """A replay delivers the same event once more while the caller waits."""
    event_id = (await reply(api))["event_id"]
    await chert.webhooks.settle()
    answer = await api.call("POST", f"/events/{event_id}/replay")
    assert (200, True) == (answer.status_code, answer.json()["ok"])
    assert [event_id, event_id] == [body["event_id"] for body in receiver.bodies]


async def test_a_failed_replay(api: ApiClient, chert: ChertSimulator, receiver: Receiver) -> None:
    """A replay that is not accepted is 502 with 3004, retryable, and tells the destination's status."""
    event_id = (await reply(api))["event_id"]
    await chert.webhooks.settle()
    receiver.statuses = [503]
    answer = await api.call("POST", f"/events/{event_id}/replay")
    body = answer.json()
    assert (502, False, 3004, True, 503) == (
        answer.status_code,
        body["ok"],
        body["code"],
        body["retryable"],
        body["downstream_status"],
    )
    assert answer.headers["X-Trace-ID"] == body["trace_id"]


async def test_replay_without_a_destination(api: ApiClient, chert: ChertSimulator) -> None:
    """A replay to nowhere is 400 with 1002, to an unknown subscription 404 with 2011."""
    event_id = (await reply(api))["event_id"]
    unknown = await api.call("POST", f"/events/{event_id}/replay", subscription_id="nope")
    for subscription in chert.state.subscriptions.values():
        subscription.is_active = False
    nowhere = await api.call("POST", f"/events/{event_id}/replay")
    assert (404, 2011) == (unknown.status_code, unknown.json()["error"]["code"])
    assert (400, 1002) == (nowhere.status_code, nowhere.json()["error"]["code"])
