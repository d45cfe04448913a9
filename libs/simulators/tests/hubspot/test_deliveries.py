import json

import httpx2
from fastapi import FastAPI

from simulators.clock import ManualClock
from simulators.hubspot.deliveries import RETRY_DELAYS_SECONDS
from simulators.receiver import Receiver

DAY_SECONDS = 86_400


def _event(number: int) -> dict[str, object]:
    return {"eventId": number, "subscriptionType": "contact.creation", "attemptNumber": 0}


async def _send(http: httpx2.AsyncClient, portal_id: int, events: list[object]) -> list[str]:
    answer = await http.post("/control/webhooks", json={"portal_id": portal_id, "events": events})
    assert 202 == answer.status_code, answer.text
    return [delivery["delivery_id"] for delivery in answer.json()["deliveries"]]


async def _delivery(http: httpx2.AsyncClient) -> dict[str, object]:
    (delivery,) = (await http.get("/control/deliveries")).json()["deliveries"]
    found: dict[str, object] = delivery
    return found


async def test_events_are_sent_as_given(
    http: httpx2.AsyncClient, portal_id: int, receiver: Receiver, simulator: FastAPI
) -> None:
    """Whatever the events are, even no objects, they arrive unchanged in one signed array."""
    events = [_event(1), "no object", None]

    await _send(http, portal_id, events)
    await simulator.state.simulator.background.settle()

    (call,) = receiver.calls
    assert events == json.loads(call.body)
    assert "http://localhost:8080/api/hubspot/webhook" == call.url
    assert ("v1", True) == (call.headers["x-hubspot-signature-version"], "x-hubspot-signature-v3" in call.headers)
    assert "delivered" == (await _delivery(http))["status"]


async def test_an_array_has_at_most_a_hundred_events(
    http: httpx2.AsyncClient, portal_id: int, receiver: Receiver, simulator: FastAPI
) -> None:
    """More events make more deliveries."""
    deliveries = await _send(http, portal_id, [_event(number) for number in range(250)])
    await simulator.state.simulator.background.settle()

    assert [100, 100, 50] == sorted((len(json.loads(call.body)) for call in receiver.calls), reverse=True)
    assert 3 == len(deliveries)


async def test_a_failed_delivery_is_retried_ten_times_within_a_day(
    http: httpx2.AsyncClient, portal_id: int, receiver: Receiver, clock: ManualClock, simulator: FastAPI
) -> None:
    """4xx and 5xx alike are retried with a fresh signature and a growing attempt number, then given up."""
    started = clock.now()
    for number in range(20):
        receiver.answer_next(400 if number % 2 else 503)

    await _send(http, portal_id, [_event(1)])
    for delay in RETRY_DELAYS_SECONDS:
        await clock.until_waiting()
        clock.advance(delay)
    await simulator.state.simulator.background.settle()

    delivery = await _delivery(http)
    assert (11, "failed", None) == (len(receiver.calls), delivery["status"], delivery["next_attempt_at"])
    assert list(range(11)) == [json.loads(call.body)[0]["attemptNumber"] for call in receiver.calls]
    assert clock.now() - started <= DAY_SECONDS


async def test_retries_stop_when_taken(
    http: httpx2.AsyncClient, portal_id: int, receiver: Receiver, clock: ManualClock, simulator: FastAPI
) -> None:
    """The first 2xx ends a delivery."""
    receiver.answer_next(500)

    await _send(http, portal_id, [_event(1)])
    await clock.until_waiting()
    clock.advance(RETRY_DELAYS_SECONDS[0])
    await simulator.state.simulator.background.settle()

    assert (2, "delivered") == (len(receiver.calls), (await _delivery(http))["status"])


async def test_a_delivery_can_be_repeated(
    http: httpx2.AsyncClient, portal_id: int, receiver: Receiver, clock: ManualClock, simulator: FastAPI
) -> None:
    """A redelivery has the same events with a fresh signature; an unknown delivery is a 404."""
    (delivery_id,) = await _send(http, portal_id, [{"eventId": 1}])
    await simulator.state.simulator.background.settle()
    clock.advance(1)

    again = await http.post(f"/control/deliveries/{delivery_id}/redeliver")
    await simulator.state.simulator.background.settle()

    first, second = receiver.calls
    assert (202, first.body) == (again.status_code, second.body)
    assert first.headers["x-hubspot-signature-v3"] != second.headers["x-hubspot-signature-v3"]
    assert 404 == (await http.post("/control/deliveries/d-0/redeliver")).status_code


async def test_deliveries_are_listed_by_account(http: httpx2.AsyncClient, portal_id: int) -> None:
    """The list can be narrowed to one account."""
    await _send(http, portal_id, [_event(1)])
    await _send(http, 1, [_event(2)])

    listed = (await http.get("/control/deliveries", params={"portal_id": 1})).json()["deliveries"]

    assert [1] == [delivery["portal_id"] for delivery in listed]
