import pytest

from simulators.chert.simulator import ChertSimulator
from simulators.chert.testing import ApiClient, Receiver

PHONE = "+14155551234"

NOTHING_PICKED = (
    '--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n\r\n'
    '--b\r\nContent-Disposition: form-data; name="files"; filename=""\r\n'
    "Content-Type: application/octet-stream\r\n\r\n\r\n--b--\r\n"
)
"""What a browser sends of a form in which nothing was typed and no file was picked."""


async def test_tenants(api: ApiClient) -> None:
    """A tenant is made once, with two active lines; a slug that is taken is 409."""
    order = {"slug": "initech", "project_id": "p3", "name": "Initech"}
    created, again = [await api.http.post("/control/tenants", json=order) for _ in range(2)]
    assert (201, 409) == (created.status_code, again.status_code)
    assert [True, True] == [line["is_active"] for line in created.json()["phone_numbers"]]


async def test_a_tenant_with_more_lines(api: ApiClient) -> None:
    """A project may begin with any number of lines, all active."""
    order = {"slug": "hooli", "project_id": "p4", "name": "Hooli", "lines": 3}
    created = await api.http.post("/control/tenants", json=order)
    assert [True] * 3 == [line["is_active"] for line in created.json()["phone_numbers"]]


async def test_requests_are_recorded_without_secrets(api: ApiClient) -> None:
    """What the API received can be read back, with its answer's status and without its token."""
    headers = {"authorization": f"Bearer {api.secret}", "x-chert-tenant": "acme"}
    await api.http.post("/api/v1/send", json={"phone": PHONE, "body": "Hi"}, headers=headers)
    recorded = (await api.http.get("/control/requests", params={"path_prefix": "/api/v1/send"})).json()["requests"]
    assert [("POST", "/api/v1/send", 200)] == [(one["method"], one["path"], one["status"]) for one in recorded]
    assert api.secret not in str(recorded)


async def test_faults_before_the_work(api: ApiClient, chert: ChertSimulator) -> None:
    """An ordered fault answers for the API once, and the send does not happen."""
    fault = {"method": "POST", "path_prefix": "/api/v1/send", "kind": "status", "status": 503, "body": '{"x":1}'}
    await api.http.post("/control/faults", json=fault)
    statuses = [(await api.call("POST", "/send", {"phone": PHONE, "body": "Hi"})).status_code for _ in range(2)]
    assert [503, 200] == statuses
    assert 1 == len(chert.state.sends)


async def test_reset(api: ApiClient, chert: ChertSimulator, receiver: Receiver) -> None:
    """A reset forgets tenants, conversations, users, requests and faults, and keeps the platform's subscription."""
    await api.call("POST", "/send", {"phone": PHONE, "body": "Hi", "idempotency_key": "k"})
    await api.call("POST", "/webhook-subscriptions", {"url": "https://own.test/hook"})
    await api.http.post("/control/users", json={"email": "x@y.test", "name": "X"})
    await api.http.post("/control/tenants/acme/replies", json={"phone": PHONE, "text": "Yes"})
    await api.http.post("/control/faults", json={"path_prefix": "/", "kind": "status"})
    assert 204 == (await api.http.post("/control/reset")).status_code
    assert {"tenants": [], "leads": [], "sends": [], "events": []} == (await api.http.get("/control/ledger")).json()
    assert [] == (await api.http.get("/control/requests")).json()["requests"]
    assert "x@y.test" not in (await api.http.get("/login")).text
    assert [None] == [subscription.tenant for subscription in chert.state.subscriptions.values()]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/control/tenants/nobody/replies", {"phone": PHONE, "text": "Yes"}),
        ("PATCH", "/control/tenants/nobody", {}),
        ("PATCH", "/control/tenants/acme/lines/nope", {"is_active": False}),
        ("PUT", "/control/tenants/acme/next-send", {"phone": PHONE, "at": None}),
        ("GET", "/control/events/nope", None),
        ("POST", "/control/events/nope/redeliver", None),
        ("GET", "/phones/nobody/+14155551234", None),
    ],
)
async def test_what_does_not_exist(api: ApiClient, method: str, path: str, body: object) -> None:
    """An order about something that does not exist is 404."""
    assert 404 == (await api.http.request(method, path, json=body)).status_code


async def test_the_control_api_is_documented(api: ApiClient) -> None:
    """The OpenAPI page lists the control API and nothing of Chert's own."""
    paths = (await api.http.get("/openapi.json")).json()["paths"]
    assert 200 == (await api.http.get("/docs")).status_code
    assert {"/control/health", "/control/ledger", "/control/faults", "/control/tenants/{slug}/replies"} <= set(paths)
    assert all(path.startswith("/control/") for path in paths)


async def test_an_unexpected_error(api: ApiClient, chert: ChertSimulator) -> None:
    """A bug is answered as 500 with 3001 and a trace id, telling nothing else."""
    chert.state.tenant("acme").lines.append(None)  # type: ignore[arg-type] # breaks the listing
    response = await api.call("GET", "/phone-numbers")
    assert (500, 3001, True) == (
        response.status_code,
        response.json()["error"]["code"],
        response.json()["error"]["retryable"],
    )
    assert response.headers["X-Trace-ID"] == response.json()["trace_id"]


async def test_the_phone_view(api: ApiClient, chert: ChertSimulator, receiver: Receiver) -> None:
    """The lead's phone shows the thread, and a reply typed there is delivered like any other."""
    await api.call("POST", "/send", {"phone": PHONE, "body": "Hi <b>there</b>", "name": "Sam"})
    path = f"/phones/acme/{PHONE}"
    answer = await api.http.post(path, data={"text": "Yes & no"})
    await chert.webhooks.settle()
    shown, thread = (await api.http.get(path)).text, (await api.http.get(f"{path}/thread")).text
    assert thread.strip() in shown
    assert "Delivered" in thread
    assert (303, path) == (answer.status_code, answer.headers["location"])
    assert 1 == len(receiver.bodies)
    assert "Hi &lt;b&gt;there&lt;/b&gt;" in shown
    assert "Yes &amp; no" in shown


async def test_a_phone_sends_files(api: ApiClient, chert: ChertSimulator) -> None:
    """A picture without a text is a message that holds it as it was picked; an empty reply is none."""
    path = f"/phones/acme/{PHONE}"

    await api.http.post(path, data={"text": ""}, files={"files": ("beach.png", b"sand", "image/png")})
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    empty = await api.http.post(path, content=NOTHING_PICKED, headers=form)

    (kept,) = chert.state.attachments.values()
    assert ("beach.png", "image/png", b"sand") == (kept.filename, kept.content_type, kept.content)
    assert 303 == empty.status_code
    (message,) = chert.state.messages.values()
    assert ["media"] == [part["type"] for part in message.parts]
