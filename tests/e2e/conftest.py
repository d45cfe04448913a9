"""One running system for all end-to-end tests; each test has a project, an account and a contact of its own."""

import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
from rich.console import Console
from tests.e2e._settings import told

from harness.journal import Journal
from harness.session import TestSession
from harness.system import System
from harness.walk import Walk


@pytest.fixture
async def walk(system: System) -> AsyncIterator[Walk]:
    """A walk through the system, in a project of its own."""
    async with Walk(system.seed(f"t{secrets.token_hex(4)}"), Journal(Console(quiet=True))) as walk:
        yield walk


@pytest.fixture(scope="module")
def ingress(harness_session: TestSession) -> Iterator[System]:
    """A system for the tests of one module, with `webhooks` alone, which they may do any harm."""
    with harness_session.system(services=("webhooks",)) as system:
        yield system


@pytest.fixture(scope="module", params=[False, True], ids=["published routes alone", "unpublished routes too"])
def unpublished_routes(request: pytest.FixtureRequest, system: System) -> Iterator[bool]:
    """Whether Chert serves what it does not publish: the tests of a module that uses this run once each way."""
    served = bool(request.param)
    with told(system, {"chert": {"CHERT_SIM_UNPUBLISHED_ROUTES": "true"}} if served else {}):
        yield served
