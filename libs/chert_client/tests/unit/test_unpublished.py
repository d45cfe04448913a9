import json
from datetime import UTC, datetime

import httpx2
import pytest

from chert_client import Capacity, ChertClient, NotFoundError, SendingWindow
from chert_client.testing import ScriptedTransport

TENANT = "acme"
NOT_SERVED = httpx2.Response(404, json={"success": False, "error": {"status": 404, "code": 2011, "message": "No"}})


async def test_a_lead_is_looked_up_without_a_number_in_the_url(
    client: ChertClient, transport: ScriptedTransport
) -> None:
    """The number travels in the body, where no log of addresses has it."""
    transport.steps = [httpx2.Response(200, json={"lead": {"id": "lead-1", "phone_line_id": "line-1", "name": None}})]

    lead = await client.unpublished.lead(TENANT, "+14155550100")

    request = transport.requests[0]
    assert ("lead-1", "line-1") == (lead.id, lead.phone_line_id)
    assert "/api/v1/unpublished/leads/lookup" == request.url.path
    assert {"phone": "+14155550100"} == json.loads(request.content)


async def test_capacity_is_read(client: ChertClient, transport: ScriptedTransport) -> None:
    """Cap and window are absent where none binds."""
    told = {"daily_cap": 100, "first_touches_today": 3, "window": {"start": "09:00", "end": "17:00"}, "timezone": "UTC"}
    free = told | {"daily_cap": None, "window": None}
    transport.steps = [httpx2.Response(200, json={"capacity": capacity}) for capacity in (told, free)]

    window = SendingWindow(start="09:00", end="17:00")
    assert Capacity(daily_cap=100, first_touches_today=3, window=window, timezone="UTC") == (
        await client.unpublished.capacity(TENANT)
    )
    assert Capacity(first_touches_today=3, timezone="UTC") == await client.unpublished.capacity(TENANT)


async def test_the_campaign_and_the_next_send_are_read(client: ChertClient, transport: ScriptedTransport) -> None:
    """The template as it is, and the moment aware, or none."""
    transport.steps = [
        httpx2.Response(200, json={"campaign": {"template": "Hi {{ contact.firstname }}"}}),
        httpx2.Response(200, json={"next_send_at": "2026-11-22T12:00:00.000Z"}),
        httpx2.Response(200, json={"next_send_at": None}),
    ]

    assert "Hi {{ contact.firstname }}" == (await client.unpublished.campaign(TENANT)).template
    assert datetime(2026, 11, 22, 12, tzinfo=UTC) == await client.unpublished.next_send(TENANT, "lead-1")
    assert await client.unpublished.next_send(TENANT, "lead-1") is None


async def test_what_is_not_served_is_not_found(client: ChertClient, transport: ScriptedTransport) -> None:
    """Where Chert serves none of these, each says so in one way; an odd id is never sent."""
    transport.steps = [NOT_SERVED, NOT_SERVED]

    with pytest.raises(NotFoundError):
        await client.unpublished.capacity(TENANT)
    with pytest.raises(NotFoundError):
        await client.unpublished.lead(TENANT, "+14155550100")
    with pytest.raises(NotFoundError):
        await client.unpublished.next_send(TENANT, "../lead-1")

    assert 2 == len(transport.requests)
