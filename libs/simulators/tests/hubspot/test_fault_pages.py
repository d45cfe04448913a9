"""The panel that makes this HubSpot fail."""

import httpx2
import pytest
from fastapi import FastAPI

from simulators.clock import ManualClock

CONTACTS = "/crm/objects/2026-09/contacts/1001"


@pytest.mark.parametrize(("trouble", "status"), [("rate_limit", 429), ("server_error", 502)])
async def test_an_ordered_fault_hits_the_next_calls(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, trouble: str, status: int
) -> None:
    """So many calls suffer it and the next does not; what is still to happen stands on the page."""
    ordered = await http.post("/faults", data={"trouble": trouble, "where": "/crm", "count": "2"})
    page = (await http.get("/faults")).text

    assert (303, "/faults") == (ordered.status_code, ordered.headers["location"])
    assert f"2 calls of records and the timeline: answered {status}" in page
    seen = [(await http.get(CONTACTS, headers=bearer)).status_code for _ in range(3)]
    assert [status, status, 200] == seen


async def test_a_late_commit_happens_though_it_fails(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str
) -> None:
    """The app sees a 504 and the write is there."""
    await http.post("/faults", data={"trouble": "late_commit", "where": "/crm", "count": "1"})

    change = await http.patch(CONTACTS, json={"properties": {"company": "Late"}}, headers=bearer)

    assert 504 == change.status_code
    read = await http.get(CONTACTS, params={"properties": "company"}, headers=bearer)
    assert "Late" == read.json()["properties"]["company"]


async def test_a_revoked_grant_ends_the_apps_access(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, portal_id: int
) -> None:
    """Tokens of the account stop working; nobody is told, and the app still stands among the connected apps."""
    told = len((await http.get("/control/deliveries")).json()["deliveries"])

    await http.post("/faults/revoke", data={"portal_id": str(portal_id)})

    assert 401 == (await http.get(CONTACTS, headers=bearer)).status_code
    assert "Uninstall" in (await http.get(f"/connected-apps/{portal_id}")).text
    assert told == len((await http.get("/control/deliveries")).json()["deliveries"])


async def test_everything_can_be_called_off(http: httpx2.AsyncClient, portal_id: int) -> None:
    """One button ends faults and slowness."""
    await http.post("/faults", data={"trouble": "broken", "where": "/card-proxy", "count": "1"})
    await http.post("/faults/latency", data={"milliseconds": "250"})
    before = (await http.get("/faults")).text

    await http.post("/faults/clear")

    assert "Every answer 250 ms later" in before
    assert "Nothing." in (await http.get("/faults")).text


async def test_a_commit_comes_as_late_as_ordered(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, clock: ManualClock, simulator: FastAPI
) -> None:
    """A write that was answered 504 takes effect so many seconds later, and not before."""
    order = {"trouble": "late_commit", "where": "/crm", "count": "1", "late_seconds": "5"}
    await http.post("/faults", data=order)
    assert "but they happen, 5 s later" in (await http.get("/faults")).text

    await http.patch(CONTACTS, json={"properties": {"company": "Late"}}, headers=bearer)
    before = await http.get(CONTACTS, params={"properties": "company"}, headers=bearer)
    clock.advance(5)
    await simulator.state.simulator.background.settle()
    after = await http.get(CONTACTS, params={"properties": "company"}, headers=bearer)

    assert "Late" != before.json()["properties"]["company"]
    assert "Late" == after.json()["properties"]["company"]


@pytest.mark.parametrize(
    "form", [{"trouble": "none", "where": "/crm", "count": "1"}, {"trouble": "broken", "count": "1"}]
)
async def test_an_order_that_makes_no_sense_is_refused(http: httpx2.AsyncClient, form: dict[str, str]) -> None:
    """Nothing is ordered that the panel does not offer."""
    assert 400 == (await http.post("/faults", data=form)).status_code
    assert "Nothing." in (await http.get("/faults")).text
