"""What the tests share: retries without waiting, and a Chert that answers from a script."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
import stamina

from chert_client import ChertClient
from chert_client.testing import ScriptedTransport


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
async def client(transport: ScriptedTransport) -> AsyncIterator[ChertClient]:
    """A client at a fixed time, signing with the contract's example secret."""
    async with ChertClient(
        "https://console.chert.test",
        signing_secret=lambda: b"0123456789abcdef0123456789abcdef",
        now=lambda: datetime.fromtimestamp(1_790_000_000, UTC),
        transport=transport,
    ) as client:
        yield client
