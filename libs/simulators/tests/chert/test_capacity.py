import httpx2

from simulators.chert.testing import ApiClient
from simulators.clock import ManualClock

# The tests' clock starts at 2026-09-21 14:13:20 UTC, which is 10:13:20 in New York.
UNTIL_MIDNIGHT_UTC = 9 * 3600 + 46 * 60 + 40


async def limit(api: ApiClient, **limits: object) -> None:
    """Switches the limits on."""
    response = await api.http.patch("/control/tenants/acme", json={"limits": {"enforced": True, **limits}})
    assert 200 == response.status_code


async def touch(api: ApiClient, number: int) -> httpx2.Response:
    """A first send to another number."""
    return await api.call("POST", "/send", {"phone": f"+1415555{number:04d}", "body": "Hi"})


def refusal(response: httpx2.Response) -> tuple[int, int, bool, int | None]:
    """Status, code, retryability and waiting time of a refused send, whose header agrees with its body."""
    body = response.json()
    wait = body.get("retry_after")
    assert (None if wait is None else str(wait)) == response.headers.get("Retry-After")
    return response.status_code, body["code"], body["retryable"], wait


async def test_nothing_binds_by_default(api: ApiClient) -> None:
    """Without the switch any number of first sends goes out at once."""
    assert {200} == {(await touch(api, number)).status_code for number in range(130)}


async def test_the_line_gap(api: ApiClient, clock: ManualClock) -> None:
    """A line rests ten minutes after a first send; when all rest, the answer is 4002 with the seconds to wait."""
    await limit(api)
    assert [200, 200] == [(await touch(api, number)).status_code for number in (1, 2)]
    clock.advance(60)
    assert (503, 4002, True, 540) == refusal(await touch(api, 3))
    clock.advance(540)
    assert 200 == (await touch(api, 3)).status_code


async def test_the_daily_cap(api: ApiClient, clock: ManualClock) -> None:
    """At the project's cap a first send is refused for good with 2008, and goes out the next day."""
    await limit(api, daily_cap=2, line_gap_seconds=0)
    assert [200, 200] == [(await touch(api, number)).status_code for number in (1, 2)]
    assert (402, 2008, False, None) == refusal(await touch(api, 3))
    clock.advance(UNTIL_MIDNIGHT_UTC)
    assert 200 == (await touch(api, 3)).status_code


async def test_the_line_cap(api: ApiClient) -> None:
    """When every line has made its first sends of the day, the answer is 4002 until midnight."""
    await limit(api, line_daily_cap=1, line_gap_seconds=0)
    assert [200, 200] == [(await touch(api, number)).status_code for number in (1, 2)]
    assert (503, 4002, True, UNTIL_MIDNIGHT_UTC) == refusal(await touch(api, 3))


async def test_the_window(api: ApiClient, clock: ManualClock) -> None:
    """Outside the project's hours, in its own time zone, the answer is 4002 until the window opens."""
    window = {"start": "11:00", "end": "17:00"}
    await limit(api, timezone="America/New_York", window=window)
    assert (503, 4002, True, 46 * 60 + 40) == refusal(await touch(api, 1))
    clock.advance(46 * 60 + 40)
    assert 200 == (await touch(api, 1)).status_code
    clock.advance(6 * 3600)
    assert (503, 4002, True, 18 * 3600) == refusal(await touch(api, 2))


async def test_follow_ups_are_free(api: ApiClient) -> None:
    """Only first sends count: a known lead is written to whatever the limits say, and a refused one creates no lead."""
    await touch(api, 1)
    await limit(api, daily_cap=0)
    assert 402 == (await touch(api, 2)).status_code
    assert 200 == (await touch(api, 1)).status_code
    assert 1 == len((await api.http.get("/control/ledger")).json()["leads"])


async def test_an_unknown_time_zone(api: ApiClient) -> None:
    """Limits in a time zone that does not exist are refused by the control API."""
    response = await api.http.patch("/control/tenants/acme", json={"limits": {"timezone": "Mars/Olympus"}})
    assert 422 == response.status_code
