"""A whole consuming process, served as services are, on the real Kafka."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from chassis.server import TRIPPED
from harness.ports import free_port
from harness.waiting import eventually

pytestmark = pytest.mark.integration

SCRIPT = Path(__file__).with_name("service_process.py")
SECONDS = 30.0


@asynccontextmanager
async def service(desk: Any) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A service process and its address; killed at the end at the latest."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), str(port), desk.bootstrap, desk.type.name, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until_ready(url: str) -> None:
    """Wait until a service is ready."""
    async with httpx2.AsyncClient() as client:

        async def ready() -> bool:
            try:
                return (await client.get(f"{url}/readyz")).status_code == 200
            except httpx2.TransportError:
                return False

        await eventually(ready, what="readiness", seconds=SECONDS)


async def events(process: asyncio.subprocess.Process) -> list[dict[str, Any]]:
    """Every line of a process that ends."""
    async with asyncio.timeout(SECONDS):
        return [json.loads(line) for line in (await process.stdout.read()).splitlines()]


async def test_a_bad_deploy_stops_loudly(new_desk: Any) -> None:
    """A release that fails for three owners ends with an exit code and a line, and most of the topic is untouched."""
    desk = await new_desk()
    for owner in ("one", "two", "three", "four"):
        await desk.tell(*[f"{owner} {number}" for number in range(10)], owner=owner)
    async with service(desk) as (process, _):
        lines = await events(process)
        await process.wait()
    assert TRIPPED == process.returncode
    (tripped,) = [line for line in lines if line["event"] == "consumer.tripped"]
    assert ("error", "too many dead letters of 3 owners: one, three, two") == (tripped["level"], tripped["why"])
    assert {0: 30} == await desk.committed()
    assert 30 == len(await desk.buried())


async def test_a_stop_is_clean_and_quick(new_desk: Any) -> None:
    """On SIGTERM a service leaves its group and ends within seconds."""
    desk = await new_desk()
    async with service(desk) as (process, url):
        await until_ready(url)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        lines = await events(process)
        await process.wait()
    assert time.monotonic() - began < 5
    assert ["service.stopping", "service.stopped"] == [line["event"] for line in lines][-2:]
    assert "Empty" == await desk.group_state()
