import httpx2
import pytest

from hubspot_client import HubSpotClient, MalformedAnswerError
from hubspot_client.testing import ScriptedTransport

PORTAL = 62515


async def test_uninstall_deletes_the_install(client: HubSpotClient, transport: ScriptedTransport) -> None:
    """hubspot-contract.md section 1.5: DELETE without a body, answered with 204."""
    transport.steps = [httpx2.Response(204)]

    await client.uninstall(PORTAL)

    request = transport.requests[0]
    assert ("DELETE", "/appinstalls/2026-09/external-install") == (request.method, request.url.path)
    assert b"" == request.content


async def test_account_details_are_read(client: HubSpotClient, transport: ScriptedTransport) -> None:
    """hubspot-contract.md section 1.4: members that nobody asked for are ignored."""
    body = {
        "portalId": PORTAL,
        "accountType": "STANDARD",
        "timeZone": "Europe/Berlin",
        "companyCurrency": "EUR",
        "additionalCurrencies": [],
        "utcOffset": "+01:00",
        "utcOffsetMilliseconds": 3600000,
        "uiDomain": "app-eu1.hubspot.com",
        "dataHostingLocation": "eu1",
    }
    transport.steps = [httpx2.Response(200, json=body)]

    details = await client.account_details(PORTAL)

    assert PORTAL == details.portal_id
    assert "app-eu1.hubspot.com" == details.ui_domain
    assert "Europe/Berlin" == details.time_zone
    assert "eu1" == details.data_hosting_location


async def test_details_without_a_portal_are_malformed(client: HubSpotClient, transport: ScriptedTransport) -> None:
    """An answer that misses what it must have is a typed error, after the retries of a read."""
    transport.steps = [httpx2.Response(200, json={}) for _ in range(3)]

    with pytest.raises(MalformedAnswerError):
        await client.account_details(PORTAL)
