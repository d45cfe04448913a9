"""What leads send along: told of in the event, fetched by its id, gone when its time is over."""

import base64

import httpx2
import pytest

from simulators.chert.simulator import ChertSimulator
from simulators.chert.testing import ApiClient, Receiver

PHOTO = {"filename": "Strand ä.jpg", "content_type": "image/jpeg", "content": base64.b64encode(b"\xff\xd8x").decode()}


async def reply(api: ApiClient, **order: object) -> httpx2.Response:
    """A lead writes to `acme`."""
    return await api.http.post("/control/tenants/acme/replies", json={"phone": "+14155551234", **order})


async def attachment_id(chert: ChertSimulator, receiver: Receiver) -> str:
    """The id that the delivered event names."""
    await chert.webhooks.settle()
    (part,) = receiver.bodies[-1]["data"]["message"]["parts"]  # type: ignore[index]  # an event's parts are a list
    assert "media" == part["type"]
    return str(part["attachment_id"])


async def test_a_photo_is_told_of_and_fetched(api: ApiClient, chert: ChertSimulator, receiver: Receiver) -> None:
    """The event names the attachment; its content comes with type, size and name."""
    assert 202 == (await reply(api, attachments=[PHOTO])).status_code

    content = await api.call("GET", f"/attachments/{await attachment_id(chert, receiver)}/content")

    assert (200, b"\xff\xd8x") == (content.status_code, content.content)
    assert ("image/jpeg", "3") == (content.headers["content-type"], content.headers["content-length"])
    assert "attachment; filename*=UTF-8''Strand%20%C3%A4.jpg" == content.headers["content-disposition"]


async def test_text_and_attachments_are_one_message(api: ApiClient, chert: ChertSimulator, receiver: Receiver) -> None:
    """A text stands before what came along with it."""
    await reply(api, text="Look", attachments=[PHOTO, PHOTO])
    await chert.webhooks.settle()

    parts = receiver.bodies[-1]["data"]["message"]["parts"]  # type: ignore[index]  # an event's parts are a list

    assert ["text", "media", "media"] == [part["type"] for part in parts]


async def test_content_is_its_tenant_s_alone(
    api: ApiClient, stranger: ApiClient, chert: ChertSimulator, receiver: Receiver
) -> None:
    """Another tenant's call is 404 with 5001, like one for content that never was."""
    await reply(api, attachments=[PHOTO])
    known = await attachment_id(chert, receiver)

    answers = [
        await stranger.call("GET", f"/attachments/{known}/content"),
        await api.call("GET", "/attachments/in_0/content"),
    ]

    assert [(404, 5001)] * 2 == [(one.status_code, one.json()["error"]["code"]) for one in answers]


async def test_content_expires(api: ApiClient, chert: ChertSimulator, receiver: Receiver) -> None:
    """What is no longer kept is 404 with 5001; the message is still there."""
    receipt = (await reply(api, attachments=[PHOTO])).json()
    known = await attachment_id(chert, receiver)

    expired = await api.http.delete(f"/control/messages/{receipt['message_id']}/attachments")

    assert 204 == expired.status_code
    assert 404 == (await api.call("GET", f"/attachments/{known}/content")).status_code
    assert 200 == (await api.call("GET", f"/messages/{receipt['message_id']}")).status_code


@pytest.mark.parametrize("order", [{}, {"attachments": []}, {"attachments": [{**PHOTO, "content": "a"}]}])
async def test_a_message_has_content(api: ApiClient, order: dict[str, object]) -> None:
    """A message without any content, or with one that is no base64, is refused."""
    assert 422 == (await reply(api, **order)).status_code
