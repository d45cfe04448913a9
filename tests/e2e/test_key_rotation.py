"""The sealing key rotates three times under load over two processes, and the old key is taken away each time."""

import asyncio
import base64
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import httpx2
import pytest

from contracts.internal import KeyReport
from harness.admins import Admin, client
from harness.credentials import OPERATOR, write_private
from harness.seeding import console_user
from harness.session import TestSession
from harness.system import System
from harness.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ACCOUNTS = 20
SECONDS = 90.0
TOKEN_SECONDS = 1_800.0


@pytest.fixture
def installs(harness_session: TestSession) -> Iterator[System]:
    """A system that installs and gives out tokens, for this test alone."""
    with harness_session.system(services=("oauth",)) as system:
        yield system


async def is_free(system: System, http: httpx2.AsyncClient, key_id: str) -> bool:
    """Whether `oauth` says that a key may leave the ring; two reports in a row count."""
    headers = {"Authorization": f"Bearer {system.credentials.service_credentials[OPERATOR]}"}
    reports = [await http.get(f"{system.url('oauth')}/ops/keys", headers=headers) for _ in range(2)]
    return all(key_id in KeyReport.model_validate_json(report.content).free for report in reports)


async def load(system: System, http: httpx2.AsyncClient, portals: Sequence[int], answers: Counter[int]) -> None:
    """Ask for every token at every process over and over, let tokens expire, and connect accounts anew."""
    headers = {"Authorization": f"Bearer {system.credentials.service_credentials['timeline']}"}
    urls, rounds = [system.url("oauth"), system.url("oauth-2")], 0
    while True:
        rounds += 1
        calls = [
            http.post(f"{url}/internal/tenants/{portal_id}/access-token", headers=headers)
            for portal_id in portals
            for url in urls
        ]
        answers.update(answer.status_code for answer in await asyncio.gather(*calls))
        if rounds % 5 == 0:
            admin = await Admin.sign_in(http, system.url("chert"), console_user("rotated"))
            again = await admin.connect(urls[rounds % 2], "project-rotated", portals[rounds % len(portals)])
            answers[again.status_code] += 1
        if rounds % 10 == 0:
            system.set_clock(offset_seconds=TOKEN_SECONDS * rounds / 10)


async def more(answers: Counter[int], served: int) -> bool:
    """Whether many calls were served since there were so many."""
    return answers[200] > served + 10 * ACCOUNTS


@asynccontextmanager
async def running(work: asyncio.Task[None]) -> AsyncIterator[None]:
    """Work that goes on meanwhile, and whose own failure is ours."""
    yield
    assert not work.done(), work
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


async def test_no_token_stays_shut_when_keys_rotate(installs: System) -> None:
    """Three rotations under load, each old key removed as soon as it is free: every token opens, every time."""
    run = installs.seed("rotated")
    await asyncio.to_thread(installs.start_copy, "oauth")
    portals = [run.portals[0].portal_id + number for number in range(1, ACCOUNTS + 1)]
    answers: Counter[int] = Counter()
    keys = {"k1": base64.b64encode(installs.credentials.sealing_key).decode()}
    async with client() as http:
        admin = await Admin.sign_in(http, run.chert_url, console_user("rotated"))
        for portal_id in portals:
            await http.post(f"{run.hubspot_url}/control/portals", json={"portal_id": portal_id, "name": "Rotated"})
            await admin.connect(installs.url("oauth"), "project-rotated", portal_id)
        async with running(asyncio.create_task(load(installs, http, portals, answers))):
            for old, new in (("k1", "k2"), ("k2", "k3"), ("k3", "k4")):
                keys[new] = base64.b64encode(secrets.token_bytes(32)).decode()
                write_private(installs.files.key_ring, {"current": new, "keys": dict(keys)})
                await eventually(partial(is_free, installs, http, old), what=f"{old} to be free", seconds=SECONDS)
                del keys[old]
                write_private(installs.files.key_ring, {"current": new, "keys": dict(keys)})
            served = answers[200]
            await eventually(partial(more, answers, served), what="calls with the last key alone", seconds=SECONDS)

    assert answers.keys() <= {200, 302, 303}
    assert answers[200] > 10 * ACCOUNTS
    for name in ("oauth", "oauth-2"):
        log = installs.files.log(name).read_text()
        assert [] == [word for word in ("SealBrokenError", "SealKeyMissingError") if word in log]
