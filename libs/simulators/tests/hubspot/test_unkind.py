"""A HubSpot that is unkind: late writes, other markup, reads that lag, outages of one account, rules of its own."""

import httpx2
import pytest
from fastapi import FastAPI

from simulators.clock import ManualClock

COMMUNICATIONS = "/crm/objects/2026-09/communications"
ASSOCIATIONS = "/crm/associations/2026-09/contacts/communications/batch/read"


def _message(contact_id: str, body: str = "<p>Hi</p>") -> dict[str, object]:
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 81}]
    properties = {
        "hs_communication_channel_type": "SMS",
        "hs_communication_logged_from": "CRM",
        "hs_communication_body": body,
        "hs_timestamp": "2026-11-22T12:00:00Z",
    }
    return {"properties": properties, "associations": [{"to": {"id": contact_id}, "types": types}]}


async def _logged(http: httpx2.AsyncClient) -> int:
    return len((await http.get("/control/ledger")).json()["communications"])


async def test_a_write_can_take_effect_late(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, clock: ManualClock, simulator: FastAPI
) -> None:
    """A create is answered with 504 and is carried out all the same, as much later as was ordered."""
    order = {"path_prefix": COMMUNICATIONS, "kind": "status", "status": 504, "after_write": True, "late_seconds": 60}
    await http.post("/control/faults", json=order)

    answer = await http.post(COMMUNICATIONS, json=_message(contact_id), headers=bearer)
    clock.advance(59)
    before = await _logged(http)
    clock.advance(1)
    await simulator.state.simulator.background.settle()

    assert (504, 0, 1) == (answer.status_code, before, await _logged(http))


async def test_bodies_can_be_rewritten(http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str) -> None:
    """The text and the links of a body survive in other markup."""
    await http.patch("/control/switches", json={"rewrite_bodies": True})
    body = '<p>Isn&#x27;t it?<br>Yes</p><p><a href="https://c.test/m/1">Open</a></p>'

    created = await http.post(COMMUNICATIONS, json=_message(contact_id, body), headers=bearer)

    kept = created.json()["properties"]["hs_communication_body"]
    assert body != kept
    assert "Isn't it?<br/>Yes" in kept
    assert 'href="https://c.test/m/1">Open</a>' in kept


async def test_reads_by_association_can_lag(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, clock: ManualClock
) -> None:
    """A message is on the contact's list only so many seconds after it was logged."""
    await http.patch("/control/switches", json={"association_lag_seconds": 5})
    await http.post(COMMUNICATIONS, json=_message(contact_id), headers=bearer)

    async def listed() -> int:
        answer = await http.post(ASSOCIATIONS, json={"inputs": [{"id": contact_id}]}, headers=bearer)
        return sum(len(result["to"]) for result in answer.json()["results"])

    before = await listed()
    clock.advance(5)

    assert (0, 1) == (before, await listed())


async def test_an_account_can_have_an_outage(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, clock: ManualClock, portal_id: int
) -> None:
    """Every call for the account is answered with the status ordered, until its time is over."""
    order = {"status": 477, "seconds": 60, "retry_after_seconds": 30}
    await http.post(f"/control/portals/{portal_id}/outage", json=order)

    refused = await http.post(COMMUNICATIONS, json=_message(contact_id), headers=bearer)
    clock.advance(60)
    served = await http.post(COMMUNICATIONS, json=_message(contact_id), headers=bearer)

    assert (477, "30", 201) == (refused.status_code, refused.headers["retry-after"], served.status_code)


@pytest.mark.parametrize(("body", "status"), [("forbidden word", 400), ("kind word", 201)])
async def test_an_accounts_own_rules_refuse_a_message(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, body: str, status: int
) -> None:
    """Validation of 2026-09 refuses what an account's rules forbid, and nothing else."""
    await http.patch("/control/switches", json={"refused_text": "forbidden"})

    assert status == (await http.post(COMMUNICATIONS, json=_message(contact_id, body), headers=bearer)).status_code


async def test_accounts_can_be_filled(http: httpx2.AsyncClient, portal_id: int) -> None:
    """Contacts and earlier messages are there at once, and nobody is told."""
    people = [{"firstname": f"Lead {number}"} for number in range(3)]
    created = await http.post(f"/control/portals/{portal_id}/contacts/batch", json={"contacts": people})
    ids = created.json()["ids"]
    await http.post(f"/control/portals/{portal_id}/contacts/{ids[0]}/history", json={"count": 300})
    timeline = (await http.get(f"/control/portals/{portal_id}/contacts/{ids[0]}/timeline")).json()

    assert 3 == len(set(ids))
    assert 300 == len(timeline["communications"])
    assert [] == (await http.get("/control/deliveries")).json()["deliveries"]
