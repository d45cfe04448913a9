import pytest

from simulators.chert.simulator import ChertSimulator
from simulators.chert.testing import ApiClient, Receiver

REPLY = {"phone": "+14155551234", "text": "Yes"}


async def subscribe(api: ApiClient, **fields: object) -> dict[str, object]:
    """A new subscription, with these fields over the usual ones."""
    response = await api.call("POST", "/webhook-subscriptions", {"url": "https://own.test/hook", **fields})
    assert 201 == response.status_code
    created: dict[str, object] = response.json()["subscription"]
    return created


async def test_the_secret_is_shown_once(api: ApiClient) -> None:
    """Only the creation shows the secret of 64 hex digits; the list and the single read do not."""
    created = await subscribe(api)
    assert 64 == len(str(created.pop("secret")))
    read = (await api.call("GET", f"/webhook-subscriptions/{created['id']}")).json()["subscription"]
    listed = (await api.call("GET", "/webhook-subscriptions")).json()["subscriptions"]
    assert created == read
    assert created in listed
    assert all("secret" not in subscription for subscription in listed)


async def test_the_platform_subscription_is_listed(api: ApiClient, chert: ChertSimulator) -> None:
    """A tenant sees the platform's subscription among its own."""
    listed = (await api.call("GET", "/webhook-subscriptions")).json()["subscriptions"]
    assert list(chert.state.subscriptions) == [subscription["id"] for subscription in listed]


async def test_each_subscription_is_delivered_to_on_its_own(
    api: ApiClient, chert: ChertSimulator, receiver: Receiver
) -> None:
    """One subscription's failure is not another's, each has its secret, and one failure makes the event failed."""
    own = await subscribe(api)
    receiver.statuses = [400, 200]
    receipt = (await api.http.post("/control/tenants/acme/replies", json=REPLY)).json()
    await chert.webhooks.settle()
    delivery = (await api.http.get(f"/control/events/{receipt['event_id']}")).json()["delivery"]
    assert [400, 200] == [attempt["status"] for attempt in delivery["attempts"]]
    assert own["id"] == delivery["attempts"][1]["subscription_id"]
    assert "failed" == delivery["status"]
    assert 2 == len({request.headers["X-Webhook-Signature"] for request in receiver.requests})


async def test_changes(api: ApiClient, chert: ChertSimulator, receiver: Receiver) -> None:
    """A change touches what it names; an inactive subscription and one for other events hear nothing."""
    created = await subscribe(api)
    path = f"/webhook-subscriptions/{created['id']}"
    changed = (await api.call("PATCH", path, {"events": ["reaction.added"]})).json()["subscription"]
    assert (created["url"], ["reaction.added"], True) == (changed["url"], changed["events"], changed["is_active"])
    await api.http.post("/control/tenants/acme/replies", json=REPLY)
    await api.call("PATCH", path, {"events": [], "is_active": False})
    await api.http.post("/control/tenants/acme/replies", json=REPLY)
    await chert.webhooks.settle()
    assert {"receiver.test"} == {request.url.host for request in receiver.requests}


async def test_a_dev_inbox_records_and_sends_nothing(api: ApiClient, chert: ChertSimulator, receiver: Receiver) -> None:
    """The destination `https://dev-inbox` gets no request; the event says so."""
    chert.state.subscriptions.clear()
    await subscribe(api, url="https://dev-inbox")
    receipt = (await api.http.post("/control/tenants/acme/replies", json=REPLY)).json()
    await chert.webhooks.settle()
    event = (await api.call("GET", f"/events/{receipt['event_id']}")).json()
    assert ("dev_inbox", []) == (event["delivery"]["status"], receiver.requests)
    replay = await api.call("POST", f"/events/{receipt['event_id']}/replay")
    assert (400, 1002) == (replay.status_code, replay.json()["error"]["code"])


async def test_deletion(api: ApiClient, stranger: ApiClient) -> None:
    """A deleted subscription is gone, and nobody else can read, change or delete it before."""
    path = f"/webhook-subscriptions/{(await subscribe(api))['id']}"
    for method in ("GET", "PATCH", "DELETE"):
        crossed = await stranger.call(method, path, {} if method == "PATCH" else None)
        assert (404, 2011) == (crossed.status_code, crossed.json()["error"]["code"])
    assert 204 == (await api.call("DELETE", path)).status_code
    assert 404 == (await api.call("GET", path)).status_code


@pytest.mark.parametrize("url", ["http://own.test/hook", "ftp://own.test", "https://", "own.test", 7])
async def test_only_https(api: ApiClient, url: object) -> None:
    """An address that is not HTTPS is 400 with 1002."""
    response = await api.call("POST", "/webhook-subscriptions", {"url": url})
    assert (400, 1002) == (response.status_code, response.json()["error"]["code"])
