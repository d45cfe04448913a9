import httpx2

from simulators.receiver import Receiver

MESSAGE = {
    "properties": {
        "hs_communication_channel_type": "SMS",
        "hs_communication_logged_from": "CRM",
        "hs_timestamp": "2026-11-22T12:00:00Z",
    },
    "associations": [],
}
COMMUNICATIONS = "/crm/objects/2026-09/communications"


async def test_an_account_is_opened_once(http: httpx2.AsyncClient, portal_id: int) -> None:
    """The same account id again is a conflict."""
    assert 409 == (await http.post("/control/portals", json={"portal_id": portal_id, "name": "Acme"})).status_code


async def test_requests_are_recorded_without_secrets(
    http: httpx2.AsyncClient, exchange_form: dict[str, str], portal_id: int
) -> None:
    """Tokens, codes and secrets are masked in what the control API shows, and its own calls are not recorded."""
    tokens = (await http.post("/oauth/2026-09/token", data=exchange_form)).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    await http.get("/account-info/2026-09/details", headers=headers)

    answer = await http.get("/control/requests")

    listed = answer.json()["requests"]
    paths = [request["path"] for request in listed]
    assert ["/oauth/authorize", "/oauth/2026-09/token", "/account-info/2026-09/details"] == paths
    for secret in (tokens["access_token"], tokens["refresh_token"], "secret-1", exchange_form["code"], "v" * 64):
        assert secret not in answer.text
    assert "***" == listed[2]["headers"]["authorization"]
    assert "grant_type=authorization_code" in listed[1]["body"]
    assert [303, 200, 200] == [request["status"] for request in listed]


async def test_requests_can_be_narrowed(http: httpx2.AsyncClient, bearer: dict[str, str]) -> None:
    """By path prefix, by sequence number, by count."""
    for _ in range(3):
        await http.get("/account-info/2026-09/details", headers=bearer)

    async def listed(**query: str | int) -> list[int]:
        answer = await http.get("/control/requests", params=query)
        return [request["seq"] for request in answer.json()["requests"]]

    details = await listed(path_prefix="/account-info")
    assert 3 == len(details)
    assert details[1:] == await listed(since=details[0])
    assert details[:1] == await listed(path_prefix="/account-info", limit=1)


async def test_a_fault_after_the_write_leaves_the_write(http: httpx2.AsyncClient, bearer: dict[str, str]) -> None:
    """The caller sees a failure, the ledger has the message; the next call is served again."""
    fault = {
        "method": "POST",
        "path_prefix": COMMUNICATIONS,
        "kind": "status",
        "status": 504,
        "count": 1,
        "after_write": True,
    }
    await http.post("/control/faults", json=fault)

    failed = await http.post(COMMUNICATIONS, json=MESSAGE, headers=bearer)
    after_fault = (await http.get("/control/ledger")).json()["communications"]
    served = await http.post(COMMUNICATIONS, json=MESSAGE, headers=bearer)

    assert [504, 201] == [failed.status_code, served.status_code]
    assert 1 == len(after_fault)


async def test_the_ledger_has_everything(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, portal_id: int
) -> None:
    """Accounts, installs, contacts and communications as they are."""
    await http.post(COMMUNICATIONS, json=MESSAGE | {"objectWriteTraceId": "t"}, headers=bearer)

    ledger = (await http.get("/control/ledger")).json()

    assert [{"portal_id": portal_id, "name": "Acme", "installed": True}] == ledger["portals"]
    assert [portal_id] == [install["portal_id"] for install in ledger["installs"]]
    assert [(contact_id, "Acme")] == [(one["id"], one["properties"]["company"]) for one in ledger["contacts"]]
    assert [("t", portal_id, [])] == [
        (one["write_trace_id"], one["portal_id"], one["contact_ids"]) for one in ledger["communications"]
    ]


async def test_messages_are_listed_from_where_one_left_off(http: httpx2.AsyncClient, bearer: dict[str, str]) -> None:
    """Those logged after a message, so many at once, in the order in which they were logged; after a reset none."""
    for number in range(3):
        await http.post(COMMUNICATIONS, json=MESSAGE | {"objectWriteTraceId": f"t{number}"}, headers=bearer)

    first = (await http.get("/control/communications?limit=2")).json()["communications"]
    rest = (await http.get(f"/control/communications?after={first[-1]['id']}")).json()["communications"]
    await http.post("/control/reset")

    assert ["t0", "t1", "t2"] == [one["write_trace_id"] for one in (*first, *rest)]
    assert [] == (await http.get("/control/communications")).json()["communications"]


async def test_reset_empties_everything(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, portal_id: int, receiver: Receiver
) -> None:
    """After a reset nothing is left, not even a retry under way, and old tokens are unknown."""
    receiver.answer_next(503)
    url = f"/control/portals/{portal_id}/workflow-executions"
    await http.post(url, json={"contact_id": contact_id})
    await http.patch("/control/switches", json={"burst_limit": 1, "push_uninstall": False})
    await http.post("/control/faults", json={"path_prefix": "/", "kind": "drop", "count": 1})

    assert 204 == (await http.post("/control/reset")).status_code

    assert {"portals": [], "installs": [], "contacts": [], "communications": []} == (
        await http.get("/control/ledger")
    ).json()
    assert [] == (await http.get("/control/requests")).json()["requests"]
    assert [] == (await http.get("/control/deliveries")).json()["deliveries"]
    switches = (await http.get("/control/switches")).json()
    assert (110, True) == (switches["burst_limit"], switches["push_uninstall"])
    assert 401 == (await http.get("/account-info/2026-09/details", headers=bearer)).status_code


async def test_an_unknown_switch_is_refused(http: httpx2.AsyncClient) -> None:
    """A misspelt switch is an error rather than nothing."""
    assert 422 == (await http.patch("/control/switches", json={"omit_hubid": True})).status_code


async def test_the_control_api_is_described(http: httpx2.AsyncClient) -> None:
    """The OpenAPI document lists the control API and nothing of HubSpot's own."""
    paths = (await http.get("/openapi.json")).json()["paths"]

    assert {"/control/ledger", "/control/requests", "/control/portals/{portal_id}/workflow-executions"} <= set(paths)
    assert not [path for path in paths if not path.startswith("/control/")]
    assert 200 == (await http.get("/docs")).status_code
