"""What all verbs stand on: settings, the audit, the end of a call."""

import contextlib
import json
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from ops.tests.unit._verbs import every_verb, listed
from typer.testing import CliRunner

from chassis.clock import ManualClock
from chassis.randomness import SeededRandomness
from chertctl.__main__ import VERBS, app
from chertctl.auditing import Audit, InMemoryJournal
from chertctl.outcomes import Exit, OperatorError
from chertctl.services import trusted
from chertctl.settings import RUN_SECRETS, Settings
from chertctl.verbs import Desk, run
from contracts.audits import MAX_PLACES, RecordPlace

RUN = {
    "services": {"oauth": "http://localhost:1", "timeline": "http://localhost:2"},
    "kafka_bootstrap": "127.0.0.1:9",
    "hubspot_url": "http://localhost:3",
    "chert_url": "http://localhost:4",
    "public_base_url": "http://localhost:8080",
}


@pytest.fixture
def journal() -> InMemoryJournal:
    """Where audits go."""
    return InMemoryJournal()


@pytest.fixture
def audit(journal: InMemoryJournal) -> Audit:
    """The audit of one operator."""
    return Audit(journal, "ana", clock=ManualClock(), randomness=SeededRandomness())


async def test_an_act_is_told_before_and_after(audit: Audit, journal: InMemoryJournal) -> None:
    """The beginning is durable before anything is done, and the end says what came of it."""
    async with audit.act("replay", reason="why", owner="acme") as act:
        assert ["began"] == [event.data.stage for event in journal.events]
        act.result["written"] += 3

    assert [("began", {}), ("done", {"written": 3})] == [
        (event.data.stage, event.data.result) for event in journal.events
    ]
    assert 1 == len({event.data.action_id for event in journal.events})
    assert 2 == len({event.id for event in journal.events})


async def test_an_act_that_fails_is_told_too(audit: Audit, journal: InMemoryJournal) -> None:
    """What was done before a failure stands in the audit."""

    async def fail() -> None:
        async with audit.act("replay") as act:
            act.result["written"] += 1
            raise OperatorError("away")

    with pytest.raises(OperatorError):
        await fail()

    assert ("failed", {"written": 1}) == (journal.events[-1].data.stage, journal.events[-1].data.result)


async def test_an_act_on_many_records_is_told_in_several_events(audit: Audit, journal: InMemoryJournal) -> None:
    """Every record is named, however many there are, and each event stays within its contract."""
    async with audit.act("dlq discard") as act:
        act.places += [
            RecordPlace(topic="t", partition=0, offset=offset, outcome="discarded") for offset in range(MAX_PLACES + 1)
        ]

    assert [0, MAX_PLACES, 1] == [len(event.data.places) for event in journal.events]
    assert 3 == len({event.id for event in journal.events})


def test_a_local_run_is_found_by_itself(tmp_path: Path) -> None:
    """What no variable says comes from the run file; a variable wins."""
    file = tmp_path / "run.json"
    _write_secrets(tmp_path, '{"ops_credential": "x"}')
    file.write_text(json.dumps(RUN))

    async def work(desk: Desk) -> tuple[str, str, bool]:
        return desk.settings.url_of("timeline"), desk.settings.url_of("oauth"), desk.secrets.ops_credential is not None

    with CliRunner().isolation(env={"CHERTCTL_RUN_FILE": str(file), "CHERTCTL_OAUTH_URL": "http://other:7"}):
        found = run(work, as_json=True)

    assert ("http://localhost:2", "http://other:7", True) == found


@pytest.mark.parametrize(("url", "authorities"), [("http://localhost:1", False), ("HTTPS://oauth.internal", True)])
def test_services_that_speak_tls_are_vouched_for(url: str, authorities: bool) -> None:
    """The public authorities are loaded where an address asks for TLS; a certificate is asked for either way."""
    context = trusted(Settings(oauth_url=url))

    assert authorities == bool(context.cert_store_stats()["x509_ca"])
    assert (ssl.CERT_REQUIRED, True) == (context.verify_mode, context.check_hostname)


def test_a_variable_that_is_not_allowed_is_named() -> None:
    """An operator without a name is a wrong call, said with the name of the variable."""
    result = CliRunner().invoke(app, ["where", "x"], env={"CHERTCTL_OPERATOR": ""})

    assert (Exit.WRONG_CALL, True) == (result.exit_code, "CHERTCTL_OPERATOR: " in result.stderr)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"services": 1}'])
def test_a_broken_run_file_is_named(tmp_path: Path, content: str) -> None:
    """A run file that is none is a wrong call, said in words."""
    file = tmp_path / "run.json"
    file.write_text(content)

    result = CliRunner().invoke(app, ["dlq", "list"], env={"CHERTCTL_RUN_FILE": str(file)})

    assert Exit.WRONG_CALL == result.exit_code
    assert "is not a run file" in result.stderr


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (["replay", "topic", "message.received"], "say --all"),
        (["replay", "topic", "message.received", "--since", "yesterday"], "is no moment"),
        (["replay", "topic", "message.received", "--since", "2026-11-22T12:00:00"], "has no offset"),
        (["replay", "topic", "message.received", "--group", "others", "--all"], "There is no group others"),
        (["replay", "topic", "message.received", "--ids-file", "/nowhere"], "cannot be read"),
        (["replay", "resume", "/nowhere/job.json"], "There is no replay job"),
        (["dlq", "redrive"], "every dead letter there is"),
        (["topics", "lag"], "Set CHERTCTL_KAFKA_BOOTSTRAP"),
    ],
)
def test_a_wrong_call_is_refused_in_words(tmp_path: Path, call: list[str], words: str) -> None:
    """What makes no sense ends with 2 and a sentence that says what to write instead, before anything is done."""
    _write_secrets(tmp_path, "{}")
    file = tmp_path / "run.json"
    file.write_text(json.dumps(RUN))
    environment = {} if call == ["topics", "lag"] else {"CHERTCTL_RUN_FILE": str(file)}

    with contextlib.chdir(tmp_path):
        result = CliRunner().invoke(app, call, env=environment)

    assert (Exit.WRONG_CALL, True) == (result.exit_code, words in result.stderr)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\n\n", b"x" * 600])
def test_a_malformed_file_of_ids_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file that names no ids, one a line, replays nothing."""
    file = tmp_path / "ids.txt"
    file.write_bytes(content)

    result = CliRunner().invoke(app, ["replay", "topic", "message.received", "--ids-file", str(file)])

    assert Exit.WRONG_CALL == result.exit_code
    assert str(file) in result.stderr


def test_every_verb_has_an_example() -> None:
    """Whoever asks a verb for help is shown a call of this very verb."""
    silent = [name for name, command in every_verb() if f"Example: chertctl {name}" not in (command.epilog or "")]

    assert [] == silent


def test_the_list_says_of_each_verb_what_it_says_itself() -> None:
    """The list is shown without the verbs' modules, and is the first sentence of each one's own help all the same."""
    own = {verb.name: " ".join((verb.whole().help or "").partition("\n\n")[0].split()) for verb in listed()}

    assert own == VERBS


@pytest.mark.parametrize("call", [["--help"], ["where", "--help"], ["where", "x"], ["tenant", "show", "1"]])
def test_who_only_asks_waits_for_no_broker(call: list[str]) -> None:
    """What needs neither Kafka nor Chert does not import their clients, which take longer than all of its own work."""
    script = (
        "import sys\nfrom chertctl.__main__ import VERBS, app\n"
        f"try: app({call!r})\nexcept SystemExit: pass\n"
        "print('imported', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    environment = {"PATH": os.environ["PATH"], "CHERTCTL_OAUTH_URL": "http://localhost:1"}
    printed = subprocess.run(
        [sys.executable, "-c", script], env=environment, check=True, capture_output=True, text=True, cwd="/"
    ).stdout

    imported = set(printed.splitlines()[-1].split())
    assert {"imported", "typer"} <= imported
    assert set() == {"aiokafka", "chert_client", "fastapi", "faststream", "hubspot_client", "structlog"} & imported


def _write_secrets(folder: Path, content: str) -> None:
    """The operators' secrets, where a local run keeps them."""
    secrets = folder / RUN_SECRETS
    secrets.parent.mkdir()
    secrets.write_text(content)
