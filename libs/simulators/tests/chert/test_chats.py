import httpx2
import pytest

from simulators.chert.messaging import HISTORY_LIMIT
from simulators.chert.testing import ApiClient

PHONE = "+14155551234"
TEXT = {"type": "text", "value": "Hi"}
LINK = {"type": "rich_link", "url": "https://chert.example/offer", "title": "Offer"}


async def numbers(api: ApiClient) -> list[str]:
    """The tenant's own numbers."""
    listed = (await api.call("GET", "/phone-numbers")).json()["phone_numbers"]
    return [number["phone_number"] for number in listed]


async def create(api: ApiClient, *parts: object, **fields: object) -> httpx2.Response:
    """`POST /chats` with these parts and fields over the usual ones."""
    usual = {"from": (await numbers(api))[0], "to": [PHONE]}
    return await api.call("POST", "/chats", {**usual, "message": {"parts": parts}, **fields})


def refused(response: httpx2.Response) -> tuple[int, int]:
    """Status and code of a refusal in the envelope."""
    assert {"success", "error", "trace_id"} == set(response.json())
    error = response.json()["error"]
    assert response.status_code == error["status"]
    assert response.headers["X-Trace-ID"] == response.json()["trace_id"]
    return response.status_code, error["code"]


async def test_create_and_follow_up(api: ApiClient) -> None:
    """A created chat shows its handle and message, and a follow-up lands in the same history."""
    created = (await create(api, TEXT, LINK)).json()
    chat = created["chat"]
    assert ([{"service": "imessage", "address": PHONE}], False) == (chat["handles"], chat["is_group"])
    assert ("outbound", "sent", [TEXT, LINK]) == tuple(
        created["message"][name] for name in ("direction", "status", "parts")
    )
    follow_up = await api.call("POST", f"/chats/{chat['id']}/messages", {"message": {"parts": [TEXT]}})
    history = (await api.call("GET", f"/chats/{chat['id']}/messages")).json()
    assert [created["message"], follow_up.json()["message"]] == history["messages"]


async def test_a_chat_with_a_known_lead_is_their_chat(api: ApiClient) -> None:
    """`/chats` and `/send` to one number end in one chat, pinned to the number that wrote last."""
    sent = (await api.call("POST", "/send", {"phone": PHONE, "body": "Hi"})).json()
    second = (await numbers(api))[1]
    created = (await create(api, TEXT, **{"from": second})).json()
    lead = (await api.call("POST", "/unpublished/leads/lookup", {"phone": PHONE})).json()["lead"]
    lines = (await api.call("GET", "/phone-numbers")).json()["phone_numbers"]
    assert sent["lead_id"] == created["chat"]["id"]
    assert second == next(line["phone_number"] for line in lines if line["id"] == lead["phone_line_id"])


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], (400, 1002)),
        ([TEXT, TEXT], (400, 1008)),
        ([TEXT, LINK] * 6, (400, 1006)),
        ([{"type": "text", "text": "Hi"}], (400, 1001)),
        ([{"type": "text", "value": "https://chert.example"}], (400, 1005)),
        ([{"type": "sticker"}], (400, 1002)),
        ([{"type": "media", "attachment_id": "att_1"}], (404, 5001)),
        ([{"type": "rich_link", "url": "javascript:x"}], (400, 1002)),
    ],
)
async def test_refused_parts(api: ApiClient, parts: list[object], expected: tuple[int, int]) -> None:
    """Each fault in a first message's parts has its code."""
    assert expected == refused(await create(api, *parts))


async def test_refused_recipients(api: ApiClient, stranger: ApiClient) -> None:
    """A foreign sender is 2006, a bad number 1003, a group 4099 with 501, more than 31 recipients 1006 with 422."""
    foreign = (await numbers(stranger))[0]
    group = [f"+1415555{number:04d}" for number in range(32)]
    assert (400, 2006) == refused(await create(api, TEXT, **{"from": foreign}))
    assert (400, 1003) == refused(await create(api, TEXT, to=["415"]))
    assert (501, 4099) == refused(await create(api, TEXT, to=group[:2]))
    assert (422, 1006) == refused(await create(api, TEXT, to=group))


async def test_a_follow_up_must_be_wrapped(api: ApiClient) -> None:
    """Top-level parts are refused as a missing `message`."""
    chat_id = (await create(api, TEXT)).json()["chat"]["id"]
    assert (400, 1001) == refused(await api.call("POST", f"/chats/{chat_id}/messages", {"parts": [TEXT]}))


async def test_unknown_ids(api: ApiClient) -> None:
    """An unknown chat is 404 with 2002, an unknown message 404 with 2003."""
    assert (404, 2002) == refused(await api.call("GET", "/chats/nope/messages"))
    assert (404, 2002) == refused(await api.call("POST", "/chats/nope/messages", {"message": {"parts": [TEXT]}}))
    assert (404, 2003) == refused(await api.call("GET", "/messages/nope"))


async def test_history_holds_the_newest_200_oldest_first(api: ApiClient) -> None:
    """A longer history says that there is more and drops its oldest messages, replies included in the order of time."""
    await api.call("POST", "/send", {"phone": PHONE, "body": "first"})
    for number in range(HISTORY_LIMIT):
        await api.http.post("/control/tenants/acme/replies", json={"phone": PHONE, "text": f"reply {number}"})
    lead = (await api.call("POST", "/unpublished/leads/lookup", {"phone": PHONE})).json()["lead"]
    history = (await api.call("GET", f"/chats/{lead['chat_id']}/messages")).json()
    texts = [message["parts"][0]["value"] for message in history["messages"]]
    assert history["has_more"]
    assert [f"reply {number}" for number in range(HISTORY_LIMIT)] == texts
    assert {"inbound"} == {message["direction"] for message in history["messages"]}


async def test_phone_numbers(api: ApiClient) -> None:
    """A new tenant has two active lines with distinct numbers, shown as Chert shows them."""
    listed = (await api.call("GET", "/phone-numbers")).json()["phone_numbers"]
    assert (2, 2) == (len(listed), len({number["phone_number"] for number in listed}))
    for number in listed:
        assert number["id"] == number["phone_line_id"]
        assert ("imessage", True) == (number["service"], number["is_active"])
        assert ["imessage", "send", "receive"] == number["capabilities"]


async def test_what_is_not_served(api: ApiClient) -> None:
    """An unknown route is 404 with 2011 and a wrong method 405 with 4099, both in the API's envelope."""
    assert (404, 2011) == refused(await api.call("GET", "/nothing-here"))
    assert (405, 4099) == refused(await api.call("DELETE", "/phone-numbers"))
