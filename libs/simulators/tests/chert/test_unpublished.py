import httpx2
import pytest

from simulators.chert.app import create_app
from simulators.chert.settings import ChertSimulatorSettings
from simulators.chert.testing import ApiClient

PHONE = "+14155551234"
ROUTES = [
    ("POST", "/unpublished/leads/lookup", {"phone": PHONE}),
    ("GET", "/unpublished/campaign", None),
    ("GET", "/unpublished/capacity", None),
    ("GET", "/unpublished/chats/any/next-send", None),
]


async def test_lead_by_phone(api: ApiClient, stranger: ApiClient) -> None:
    """A lead is found by number in its own project, and 2011 elsewhere."""
    sent = (await api.call("POST", "/send", {"phone": PHONE, "body": "Hi", "name": "Sam"})).json()
    lead = (await api.call("POST", "/unpublished/leads/lookup", {"phone": PHONE})).json()["lead"]
    assert (sent["lead_id"], sent["lead_id"], "Sam") == (lead["id"], lead["chat_id"], lead["name"])
    crossed = await stranger.call("POST", "/unpublished/leads/lookup", {"phone": PHONE})
    assert (404, 2011) == (crossed.status_code, crossed.json()["error"]["code"])


async def test_campaign(api: ApiClient) -> None:
    """The template is what was set for the project, empty before."""
    assert {"campaign": {"template": ""}} == (await api.call("GET", "/unpublished/campaign")).json()
    await api.http.patch("/control/tenants/acme", json={"campaign_template": "Hi {{ contact.firstname }}"})
    read = (await api.call("GET", "/unpublished/campaign")).json()
    assert {"campaign": {"template": "Hi {{ contact.firstname }}"}} == read


async def test_capacity(api: ApiClient) -> None:
    """Capacity tells cap, use, window and auto-dial; cap and window are null while no limit binds."""
    await api.call("POST", "/send", {"phone": PHONE, "body": "Hi"})
    free = {"daily_cap": None, "first_touches_today": 1, "window": None, "timezone": "UTC", "auto_dial": False}
    assert {"capacity": free} == (await api.call("GET", "/unpublished/capacity")).json()
    window = {"start": "09:00", "end": "17:00"}
    limits = {"enforced": True, "daily_cap": 50, "timezone": "America/New_York", "window": window}
    await api.http.patch("/control/tenants/acme", json={"limits": limits, "auto_dial": True})
    bound = {
        "daily_cap": 50,
        "first_touches_today": 1,
        "window": window,
        "timezone": "America/New_York",
        "auto_dial": True,
    }
    assert {"capacity": bound} == (await api.call("GET", "/unpublished/capacity")).json()


async def test_next_send(api: ApiClient) -> None:
    """The next scheduled send of a chat is null until one is set."""
    sent = (await api.call("POST", "/send", {"phone": PHONE, "body": "Hi"})).json()
    path = f"/unpublished/chats/{sent['lead_id']}/next-send"
    assert {"next_send_at": None} == (await api.call("GET", path)).json()
    order = {"phone": PHONE, "at": "2026-10-01T09:00:00Z"}
    assert 204 == (await api.http.put("/control/tenants/acme/next-send", json=order)).status_code
    assert {"next_send_at": "2026-10-01T09:00:00.000Z"} == (await api.call("GET", path)).json()


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_switched_off(
    settings: ChertSimulatorSettings, api: ApiClient, method: str, path: str, body: object
) -> None:
    """With the switch off each route is 404 with 2011, as a route that does not exist."""
    app = create_app(settings.model_copy(update={"unpublished_routes": False}), clock=api.clock)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://chert.test") as http,
    ):
        switched_off = ApiClient(http, api.clock, api.secret, api.tenant)
        response = await switched_off.call(method, path, body)
    assert (404, 2011) == (response.status_code, response.json()["error"]["code"])
