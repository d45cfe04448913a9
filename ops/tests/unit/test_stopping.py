"""Stopping a verb: the audit is told how far it came, and the exit code says by what it was stopped."""

import json
import os
import signal
import subprocess
import sys

import pytest

ACT = """
import asyncio, json, os, sys
import typer
from chertctl.auditing import Audit, InMemoryJournal
from chertctl.verbs import run

journal = InMemoryJournal()

async def work(desk):
    audit = Audit(journal, "ana", clock=desk.clock, randomness=desk.randomness)
    async with audit.act("replay") as act:
        act.result["written"] += 3
        os.kill(os.getpid(), int(sys.argv[1]))
        await asyncio.Event().wait()

try:
    run(work, as_json=True)
except typer.Exit as end:
    print(json.dumps([(event.data.stage, event.data.result) for event in journal.events]))
    sys.exit(end.exit_code)
"""

QUESTION = """
from chertctl.screen import Screen
from chertctl.verbs import run

async def work(desk):
    desk.screen.decide("Go on?", dry_run=False, yes=False)

run(work, as_json=True)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_act_is_told(number: signal.Signals, code: int) -> None:
    """The audit has a last line with what was done so far, and the exit code is what shells expect."""
    ended = subprocess.run(
        [sys.executable, "-c", ACT, str(int(number))], check=False, capture_output=True, text=True, timeout=60
    )

    assert (code, f"Stopped by {number.name}.\n") == (ended.returncode, ended.stderr)
    assert [["began", {}], ["cancelled", {"written": 3}]] == json.loads(ended.stdout)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_question_can_be_left(number: signal.Signals) -> None:
    """While somebody is asked nothing is under way, and the first signal ends the command."""
    reader, writer = os.pipe()
    with subprocess.Popen([sys.executable, "-c", QUESTION], stdin=reader, stderr=subprocess.PIPE) as asking:
        assert asking.stderr is not None
        asked = b""
        while b"Go on?" not in asked:
            asked += asking.stderr.read(1)
        asking.send_signal(number)
        ended = asking.wait(timeout=60)
    os.close(reader)
    os.close(writer)

    assert -number == ended
