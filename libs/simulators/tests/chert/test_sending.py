import httpx2
import pytest

from simulators.chert.schemas import TEXT_LIMIT
from simulators.chert.simulator import ChertSimulator
from simulators.chert.testing import ApiClient

PHONE = "+14155551234"


async def send(api: ApiClient, **fields: object) -> httpx2.Response:
    """`POST /send` with these fields over the usual ones."""
    return await api.call("POST", "/send", {"phone": PHONE, "body": "Hi", **fields})


async def lines(api: ApiClient) -> list[str]:
    """The ids of the tenant's lines."""
    numbers = (await api.call("GET", "/phone-numbers")).json()["phone_numbers"]
    return [number["phone_line_id"] for number in numbers]


async def test_a_first_send_creates_the_lead(api: ApiClient) -> None:
    """The first send to a number creates the lead; the next finds it, on the same line."""
    first, second = (await send(api)).json(), (await send(api)).json()
    assert {"status", "message_id", "lead_id", "lead_created", "convo_id", "phone_line_id"} == set(first)
    assert ("sent", True, 32) == (first["status"], first["lead_created"], len(first["message_id"]))
    same = ("lead_id", "convo_id", "phone_line_id")
    assert [first[name] for name in same] == [second[name] for name in same]
    assert (False, True) == (second["lead_created"], first["message_id"] != second["message_id"])


async def test_the_lead_is_the_chat(api: ApiClient) -> None:
    """The lead's id names the chat, whose history holds the message."""
    sent = (await send(api)).json()
    history = (await api.call("GET", f"/chats/{sent['lead_id']}/messages")).json()
    assert [sent["message_id"]] == [message["id"] for message in history["messages"]]


async def test_tenants_do_not_share_leads(api: ApiClient, stranger: ApiClient) -> None:
    """The same number is another lead of another tenant, and one tenant never reads the other's chat or message."""
    mine, theirs = (await send(api)).json(), (await send(stranger)).json()
    assert theirs["lead_created"]
    for path, code in ((f"/chats/{mine['lead_id']}/messages", 2002), (f"/messages/{mine['message_id']}", 2003)):
        assert 200 == (await api.call("GET", path)).status_code
        crossed = await stranger.call("GET", path)
        assert (404, code) == (crossed.status_code, crossed.json()["error"]["code"])


async def test_new_leads_spread_over_the_lines(api: ApiClient) -> None:
    """First sends take the least used line, so two leads go over two lines."""
    used = {(await send(api, phone=f"+1415555200{digit}")).json()["phone_line_id"] for digit in (1, 2)}
    assert set(await lines(api)) == used


async def test_naming_another_line_pins_anew(api: ApiClient) -> None:
    """A send over another line is allowed, and the following sends keep that line."""
    first = (await send(api)).json()["phone_line_id"]
    other = next(line for line in await lines(api) if line != first)
    assert other == (await send(api, phone_line_id=other)).json()["phone_line_id"]
    assert other == (await send(api)).json()["phone_line_id"]


async def test_a_line_of_another_tenant(api: ApiClient, stranger: ApiClient) -> None:
    """A line that is not the tenant's is 400 with 2006, and nothing is sent."""
    response = await send(api, phone_line_id=(await lines(stranger))[0])
    assert (400, 2006) == (response.status_code, response.json()["code"])
    assert [] == (await api.http.get("/control/ledger")).json()["sends"]


async def test_no_active_line(api: ApiClient) -> None:
    """Without an active line a send is 503 with 3002, which may be retried."""
    for line in await lines(api):
        await api.http.patch(f"/control/tenants/acme/lines/{line}", json={"is_active": False})
    response = await send(api)
    assert (503, 3002, True) == (response.status_code, response.json()["code"], response.json()["retryable"])


async def test_a_lead_leaves_an_inactive_line(api: ApiClient) -> None:
    """A follow-up to a lead whose line went out of service goes over an active one."""
    first = (await send(api)).json()["phone_line_id"]
    await api.http.patch(f"/control/tenants/acme/lines/{first}", json={"is_active": False})
    assert first != (await send(api)).json()["phone_line_id"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"phone": None}, 1002),
        ({"phone": "4155551234"}, 1003),
        ({"phone": "+0155551234"}, 1003),
        ({"phone": "+1415555123\N{FULLWIDTH DIGIT FOUR}"}, 1003),
        ({"phone": 14155551234}, 1002),
        ({"body": ""}, 1002),
        ({"body": " \n "}, 1002),
        ({"body": ["Hi"]}, 1002),
        ({"body": "x" * (TEXT_LIMIT + 1)}, 1009),
        ({"body": "see https://chert.example/a"}, 1005),
        ({"body": "see www.chert.example"}, 1005),
        ({"idempotency_key": "k" * 256}, 1002),
    ],
)
async def test_refused_sends(api: ApiClient, fields: dict[str, object], code: int) -> None:
    """A send that does not fit is 400 with its registry code, is not retryable, and leaves no trace in the ledger."""
    response = await send(api, **fields)
    assert (400, code, False) == (response.status_code, response.json()["code"], response.json()["retryable"])
    ledger = (await api.http.get("/control/ledger")).json()
    assert ([], []) == (ledger["sends"], ledger["leads"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 1004),
        (b"{", 1004),
        (b'{"phone": "\xff"}', 1004),
        (b"[" * 10_000, 1004),
        (b"[]", 1002),
        (b"{}", 1001),
        (b'{"phone": "+14155551234"}', 1001),
    ],
)
async def test_broken_bodies(api: ApiClient, body: bytes, code: int) -> None:
    """What is not JSON is 1004, what is not an object 1002, and a missing field 1001, each with 400."""
    response = await api.raw("POST", "/send", body)
    assert (400, code) == (response.status_code, response.json()["code"])


async def test_send_failures_are_flat(api: ApiClient) -> None:
    """A failure of `/send` has no nesting and no trace id in its body, but one in its header."""
    response = await send(api, phone="no")
    expected = {"status": "failed", "code": 1003, "message": "Invalid phone number, use E.164", "retryable": False}
    assert expected == response.json()
    assert 12 == len(response.headers["X-Trace-ID"])


async def test_a_later_message_may_hold_a_link(api: ApiClient) -> None:
    """Only the first message of a chat is refused for a URL."""
    await send(api)
    assert 200 == (await send(api, body="see https://chert.example")).status_code


async def test_answering_a_lead_who_wrote_first_is_no_first_message(api: ApiClient) -> None:
    """A link is allowed to somebody who has written already, and that lead is not created again."""
    await api.http.post("/control/tenants/acme/replies", json={"phone": PHONE, "text": "hello?"})
    response = await send(api, body="see https://chert.example")
    assert (200, False) == (response.status_code, response.json()["lead_created"])


async def test_blank_lines_make_bubbles(api: ApiClient, chert: ChertSimulator) -> None:
    """Blank lines split a body into bubbles of one message, and the ledger keeps the whole text."""
    sent = (await send(api, body="One\n\n \nTwo\nstill two\n")).json()
    message = (await api.call("GET", f"/messages/{sent['message_id']}")).json()["message"]
    assert ["One", "Two\nstill two"] == [part["value"] for part in message["parts"]]
    assert ["One\n\nTwo\nstill two"] == [sent.body for sent in chert.state.sends]


async def test_attachments_are_unknown(api: ApiClient) -> None:
    """A reference to an attachment is 404 with 5001 and the index of the attachment, since none can be uploaded."""
    response = await send(api, attachments=["att_1"])
    assert (404, 5001, 0) == (response.status_code, response.json()["code"], response.json()["attachment_index"])


async def test_the_ledger_row(api: ApiClient) -> None:
    """Every send is one row of the ledger with its key, and name and external id stay with the lead."""
    sent = (await send(api, idempotency_key="wf:1", name="Sam", external_id="904")).json()
    ledger = (await api.http.get("/control/ledger")).json()
    row = {
        "message_id": sent["message_id"],
        "tenant": "acme",
        "idempotency_key": "wf:1",
        "phone": PHONE,
        "body": "Hi",
        "lead_id": sent["lead_id"],
        "phone_line_id": sent["phone_line_id"],
        "at": "2026-09-21T14:13:20.000Z",
    }
    assert [row] == ledger["sends"]
    assert [("Sam", "904")] == [(lead["name"], lead["external_id"]) for lead in ledger["leads"]]
