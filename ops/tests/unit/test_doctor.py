"""`chertctl doctor`: every fault is named with its remedy."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx2
import pytest
from ops.tests.unit._played import NOW, PlayedDesk, played_desk
from pydantic import SecretStr
from tests.e2e._golden import same_as_golden
from typer.testing import CliRunner

from chassis.metrics import Metrics
from chertctl import doctor, examining, findings
from chertctl.__main__ import app
from chertctl.findings import Finding
from chertctl.outcomes import Exit
from chertctl.screen import Screen
from chertctl.settings import OperatorSecrets, Settings
from contracts.internal import KeyReport
from hubspot_client import SignatureRejectedError, SignatureVerifier

PUBLIC = "https://app.example.test"
TOPICS = Path(__file__).parents[3] / "deploy" / "topics.yaml"
SECRET = "11111111-2222-4333-8444-555555555555"
WHOLE = OperatorSecrets(
    ops_credential=SecretStr("o"),
    redaction_key=SecretStr("r"),
    chert_signing_secret=SecretStr("c"),
    hubspot_client_secrets=(SecretStr(SECRET),),
)

Answer = Callable[[httpx2.Request], httpx2.Response]


def addressed(**changed: str) -> Settings:
    """Settings that know every address."""
    urls = {f"{name}_url": f"http://{name}" for name in examining.SERVICES}
    known = {
        "kafka_bootstrap": "127.0.0.1:9", "chert_url": "https://chert.test", "public_base_url": PUBLIC,
        "operator": "ana",
    }  # fmt: skip
    return Settings.model_validate({**urls, **known, **changed})


def by_check(found: list[Finding]) -> dict[str, tuple[str, str]]:
    """Verdict and remedy of each check."""
    return {one.check: (one.verdict, one.remedy) for one in found}


async def asked(answer: Answer) -> AsyncIterator[httpx2.AsyncClient]:
    """A network on which everybody answers so."""
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
        yield http


async def test_without_settings_each_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With `--config` nobody is asked, and each missing setting is told with its variable."""
    desk = PlayedDesk(Settings(operator="ana"), Screen(as_json=True))

    await doctor.examine(desk, config=True, api_version=None, file=tmp_path / "none.yaml")

    same_as_golden("doctor-config", json.loads(capsys.readouterr().out))


async def test_where_nobody_answers_each_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """With everything away, Kafka too, all of it is told at once, each with its remedy."""
    nobody = "http://127.0.0.1:9"
    urls = {f"{name}_url": nobody for name in examining.SERVICES}
    settings = addressed(**urls).model_copy(update={"secrets_file": Path("none.json")})
    desk = PlayedDesk(settings, Screen(as_json=True), secrets=WHOLE)

    await doctor.examine(desk, config=False, api_version=None, file=TOPICS)

    same_as_golden("doctor", json.loads(capsys.readouterr().out))


def test_a_login_that_contradicts_itself_is_told() -> None:
    """What the environment says of Kafka and cannot be meant is a finding, not the end of the examination."""
    environment = {"CHERTCTL_KAFKA_BOOTSTRAP": "127.0.0.1:9", "CHERTCTL_KAFKA_MECHANISM": "PLAIN"}

    result = CliRunner().invoke(app, ["doctor", "--json", "--file", str(TOPICS)], env=environment)

    assert Exit.FOUND == result.exit_code
    (found,) = (one for one in json.loads(result.stdout) if one["check"] == "Kafka")
    assert "KAFKA_PASSWORD_FILE" in found["words"]


def test_good_settings_are_no_finding(tmp_path: Path) -> None:
    """A whole file that only its owner reads, and addresses that are known."""
    file = tmp_path / "secrets.json"
    file.write_text(json.dumps(dict.fromkeys(("ops_credential", "redaction_key", "chert_signing_secret"), "x")
                               | {"hubspot_client_secrets": ["x"]}))  # fmt: skip
    file.chmod(0o600)
    settings = addressed().model_copy(update={"secrets_file": file})

    assert {"ok"} == {one.verdict for one in (*findings.of_settings(settings), *findings.of_secrets(settings))}


def test_a_file_that_others_read_is_a_warning(tmp_path: Path) -> None:
    """The remedy is the command; what a missing secret is for is said."""
    file = tmp_path / "secrets.json"
    file.write_text("{}")
    file.chmod(0o644)

    found = by_check(list(findings.of_secrets(addressed().model_copy(update={"secrets_file": file}))))

    assert ("warning", f"chmod 600 {file}") == found["secrets file"]
    assert "warning" == found["secret ops_credential"][0]


@pytest.mark.parametrize("content", [None, "[]", "nonsense"])
def test_a_broken_file_is_a_fault(tmp_path: Path, content: str | None) -> None:
    """A file that is not there or cannot be read is told in words."""
    file = tmp_path / "secrets.json"
    if content is not None:
        file.write_text(content)

    (found,) = findings.of_secrets(addressed().model_copy(update={"secrets_file": file}))

    assert "fault" == found.verdict


def test_a_public_address_is_https() -> None:
    """Plain http is right for localhost alone."""
    assert (
        "fault"
        == by_check(list(findings.of_settings(addressed(public_base_url="http://app.example.test"))))[
            "setting public_base_url"
        ][0]
    )
    assert "setting public_base_url" not in by_check(
        list(findings.of_settings(addressed(public_base_url="http://localhost:8080")))
    )


@pytest.mark.parametrize(
    ("version", "today", "verdict", "remedy"),
    [
        ("2026-09", date(2026, 11, 22), "ok", ""),
        ("2026-03", date(2026, 11, 22), "ok", ""),
        ("2026-03", date(2027, 6, 1), "warning", "2026-09"),
        ("2026-03", date(2027, 9, 30), "fault", "2026-09"),
        ("2026-09", date(2028, 1, 1), "warning", "release of this product"),
        ("2020-01", date(2026, 11, 22), "fault", "2026-09"),
    ],
)
def test_a_sunset_is_told_in_time(version: str, today: date, verdict: str, remedy: str) -> None:
    """Half a year before HubSpot ends a version it is a warning, afterwards a fault; a newer one is named."""
    (found,) = findings.of_releases({("api", version)}, today)

    assert (verdict, True) == (found.verdict, remedy in found.remedy)


def test_the_journal_moves_with_a_release() -> None:
    """No setting chooses the version of the journal's paths, so none is named as the remedy."""
    (found,) = findings.of_releases({("journal", "2026-03")}, date(2027, 6, 1))

    assert ("HubSpot paths (journal)", "warning") == (found.check, found.verdict)
    assert "HUBSPOT_API_VERSION" not in found.remedy


def exporting(**spoken: str) -> str:
    """What a service exports that speaks so."""
    metrics = Metrics()
    for use, version in spoken.items():
        metrics.set("hubspot_supported_until_seconds", 0.0, use=use, api_version=version)
    return metrics.render().decode()


async def test_services_say_what_they_speak() -> None:
    """Each process is asked, for one may have been forgotten in a roll-out; one that is away is left out."""
    told = {
        "oauth": exporting(api="2026-09", journal="2026-03"),
        "actions": exporting(api="2026-03"),
        "webhooks": exporting(),
    }

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "timeline":
            raise httpx2.ConnectError("nobody there")
        return httpx2.Response(200, text=told.get(request.url.host, exporting()))

    async for http in asked(answer):
        found = await examining.spoken(http, addressed())

    assert {("api", "2026-09"), ("journal", "2026-03"), ("api", "2026-03")} == found


async def test_a_version_that_is_asked_for_is_looked_up(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Before somebody changes the setting: the journal's stays as it is."""
    desk = PlayedDesk(Settings(operator="ana"), Screen(as_json=True))

    found = await doctor.examine(desk, config=True, api_version="2026-03", file=tmp_path / "none.yaml")

    words = {one.check: one.words[:7] for one in found if one.check.startswith("HubSpot")}
    assert {"HubSpot paths": "2026-03", "HubSpot paths (journal)": "2026-03"} == words
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "body", "verdict", "words"),
    [
        (200, {"ready": True, "missing": {}}, "ok", "ready"),
        (503, {"ready": False, "missing": {"database": "TimeoutError"}}, "fault", "database (TimeoutError)"),
        (404, {"detail": "no"}, "fault", "does not answer"),
    ],
)
async def test_a_service_says_what_it_misses(status: int, body: dict[str, object], verdict: str, words: str) -> None:
    """The dependency that is away is named, with what to do."""
    async for http in asked(lambda _: httpx2.Response(status, json=body)):
        (found,) = await examining.of_service(http, addressed(), "oauth", NOW)

    assert (verdict, True, verdict != "ok") == (found.verdict, words in found.words, bool(found.remedy))


async def test_a_service_that_is_away_is_a_fault() -> None:
    """No answer is told with the address."""

    def refuse(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    async for http in asked(refuse):
        (found,) = await examining.of_service(http, addressed(), "timeline", NOW)

    assert ("fault", True) == (found.verdict, "http://timeline" in found.words)


@pytest.mark.parametrize(("off", "told"), [(0, False), (4, False), (-400, True), (400, True)])
async def test_a_clock_that_is_off_is_told(off: int, told: bool) -> None:
    """Seconds are nothing; minutes make every signature stale."""
    headers = {"date": format_datetime((NOW + timedelta(seconds=off)).astimezone(UTC), usegmt=True)}
    async for http in asked(lambda _: httpx2.Response(200, json={"ready": True}, headers=headers)):
        found = by_check(await examining.of_service(http, addressed(), "oauth", NOW))

    assert told == ("clock of oauth" in found)


def ingress(public: str, secret: str, moved: timedelta = timedelta()) -> Answer:
    """The ingress as it would answer, with the services' own verifier."""
    verifier = SignatureVerifier([secret.encode()])

    def answer(request: httpx2.Request) -> httpx2.Response:
        try:
            verifier.verify_v3(
                request.method,
                f"{public}{request.url.path}",
                request.content,
                request.headers["X-HubSpot-Signature-v3"],
                request.headers["X-HubSpot-Request-Timestamp"],
                round((NOW + moved).timestamp() * 1000),
            )
        except SignatureRejectedError:
            return httpx2.Response(401)
        return httpx2.Response(204)

    return answer


@pytest.mark.parametrize(
    ("answer", "verdict", "words"),
    [
        (ingress(PUBLIC, SECRET), "ok", "wrong one refused"),
        (ingress(PUBLIC, "another-secret"), "fault", "right signature was refused"),
        (ingress("https://elsewhere.test", SECRET), "fault", "right signature was refused"),
        (ingress(PUBLIC, SECRET, timedelta(minutes=6)), "fault", "right signature was refused"),
        (lambda _: httpx2.Response(204), "fault", "wrong signature was answered with 204"),
        (lambda _: httpx2.Response(503), "fault", "answered with 503"),
    ],
)
async def test_signatures_are_tried(answer: Answer, verdict: str, words: str) -> None:
    """What HubSpot would sign is taken, anything else refused; a wrong address, secret or clock shows."""
    desk = PlayedDesk(addressed(), Screen(as_json=True), secrets=WHOLE)
    async for http in asked(answer):
        found = await examining.of_signatures(http, desk)

    assert (verdict, True) == (found.verdict, words in found.words)


async def test_without_a_secret_no_signature_is_tried() -> None:
    """It is said that it was not done."""
    desk = PlayedDesk(addressed(), Screen(as_json=True))
    async for http in asked(lambda _: httpx2.Response(500)):
        assert "warning" == (await examining.of_signatures(http, desk)).verdict


async def test_a_credential_is_tried() -> None:
    """A service that knows the operator is fine; any refusal is a fault with its remedy."""
    desk = played_desk()
    assert "fault" == (await examining.of_credential(desk)).verdict
    desk.services.will("oauth", "/ops/keys", KeyReport(sealing_key=None, replicas=(), sealed={}, free=()))

    assert "ok" == (await examining.of_credential(desk)).verdict
