"""What the tests share: retries without waiting, and a HubSpot that answers from a script."""

from collections.abc import AsyncIterator, Iterator

import pytest
import stamina

from hubspot_client import HubSpotClient, HubSpotConnection
from hubspot_client.testing import ScriptedTransport


@pytest.fixture(autouse=True)
def retries_never_wait() -> Iterator[None]:
    """As many tries as in production, without the pauses."""
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


@pytest.fixture
def transport() -> ScriptedTransport:
    """An empty script; tests append to its steps."""
    return ScriptedTransport()


@pytest.fixture
async def connection(transport: ScriptedTransport) -> AsyncIterator[HubSpotConnection]:
    """A connection to the script."""
    async with HubSpotConnection("https://api.hubapi.test", transport=transport) as connection:
        yield connection


@pytest.fixture
def client(connection: HubSpotConnection) -> HubSpotClient:
    """A client whose access tokens name their account."""

    async def access_token(portal_id: int) -> str:
        return f"access-token-of-{portal_id}"

    return HubSpotClient(connection, access_token)
