"""`chertctl signature explain`: each part that can differ is named, and nothing secret is shown."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.e2e._golden import same_as_golden
from typer.testing import CliRunner

from chertctl.__main__ import app

SECRET, CHERT_SECRET = "unit-test-client-secret", "ab" * 32
NOW = 1_790_000_000
BASE = "https://app.example.test"
TARGET = "/api/hubspot/webhook?userEmail=rep%40acme.test&note=a%20b"
DECODED = "/api/hubspot/webhook?userEmail=rep@acme.test&note=a%20b"
BODY = b'[{"eventId": 1, "name": "Zo\xc3\xab"}]'


@dataclass(frozen=True)
class Made:
    """What HubSpot signs; each member can be changed to sign something else than is sent."""

    method: str = "POST"
    url: str = BASE + DECODED
    body: bytes = BODY
    timestamp: str = f"{NOW}000"
    secret: str = SECRET

    def signature(self) -> str:
        """Version 3."""
        text = f"{self.method}{self.url}".encode() + self.body + self.timestamp.encode()
        return base64.b64encode(hmac.digest(self.secret.encode(), text, "sha256")).decode()


def headers_of(made: Made) -> dict[str, str]:
    """HubSpot's headers."""
    return {"X-HubSpot-Signature-v3": made.signature(), "X-HubSpot-Request-Timestamp": made.timestamp}


def chert_header(body: bytes = BODY, timestamp: int = NOW, secret: str = CHERT_SECRET) -> dict[str, str]:
    """Chert's header."""
    digest = hmac.digest(secret.encode(), f"{timestamp}.".encode() + body, "sha256").hex()
    return {"X-Webhook-Signature": f"t={timestamp},v1={digest}"}


@dataclass(frozen=True)
class Explained:
    """What the command said."""

    code: int
    document: dict[str, Any]
    output: str

    @property
    def parts(self) -> list[str]:
        """The parts that differ."""
        return [difference["part"] for difference in self.document["differences"]]


class Desk:
    """A folder in which captures are explained."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def explain(
        self, headers: dict[str, str] | list[tuple[str, str]], *arguments: str, target: str = TARGET, **sent: Any
    ) -> Explained:
        """Write a capture as JSON, and have it explained."""
        capture = {
            "method": sent.get("method", "POST"),
            "url": sent.get("base", BASE) + target,
            "headers": headers,
            "body_base64": base64.b64encode(sent.get("body", BODY)).decode(),
            "at": sent.get("at", NOW),
        }
        return self.explain_file(json.dumps(capture).encode(), *arguments)

    def explain_file(self, content: bytes, *arguments: str) -> Explained:
        """Have a file explained."""
        (self.folder / "capture").write_bytes(content)
        (self.folder / "secret").write_text(f"{SECRET}\n{CHERT_SECRET}\n")
        given_secret = [] if "--secret-env" in arguments else ["--secret-file", str(self.folder / "secret")]
        command = ["signature", "explain", str(self.folder / "capture"), "--json", *given_secret, *arguments]
        result = CliRunner().invoke(app, command)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return Explained(result.exit_code, json.loads(result.stdout) if result.stdout else {}, result.output)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An empty folder."""
    return Desk(tmp_path)


def test_a_right_signature_holds(desk: Desk) -> None:
    """Nothing differs, the exit code is 0, and the secret that made it is named by its place."""
    told = desk.explain(headers_of(Made()))

    assert (0, {"holds": True, "sender": "hubspot", "secret": 1, "differences": []}) == (told.code, told.document)


def test_what_scripts_are_told_is_recorded(desk: Desk) -> None:
    """Each difference has its part, both values and an advice, in the form that is recorded."""
    same_as_golden("signature-explain", desk.explain(headers_of(Made(method="GET"))).document)


@pytest.mark.parametrize(
    ("part", "signed"),
    [
        ("method", replace(Made(), method="PUT")),
        ("method", replace(Made(), method="post")),
        ("scheme", replace(Made(), url="http://app.example.test" + DECODED)),
        ("path", replace(Made(), url=BASE + DECODED.replace("webhook?", "webhook/?"))),
        ("path", replace(Made(), url=BASE + DECODED.removeprefix("/api"))),
        ("query encoding", replace(Made(), url=BASE + TARGET)),
        ("query encoding", replace(Made(), url=BASE + DECODED.replace("%20", " "))),
        ("query encoding", replace(Made(), url=BASE + DECODED.replace("%20", "+"))),
        ("query encoding", replace(Made(), url=BASE + "/api/hubspot/webhook?note=a%20b&userEmail=rep@acme.test")),
        ("query encoding", replace(Made(), url=BASE + "/api/hubspot/webhook")),
        ("body bytes", replace(Made(), body=BODY + b"\n")),
        ("body bytes", replace(Made(), body=b"")),
        ("body bytes", replace(Made(), body=BODY.replace(b": ", b":").replace(b", ", b","))),
        ("body bytes", replace(Made(), body=json.dumps(json.loads(BODY)).encode())),
        ("body bytes", replace(Made(), body=str(BODY).encode())),
        ("wrong secret", replace(Made(), secret="another")),
        ("wrong secret", replace(Made(), secret=SECRET + "\n")),
    ],
)
def test_the_part_that_differs_is_named(desk: Desk, part: str, signed: Made) -> None:
    """Something else was signed than came: that part is named alone, and the exit code is 3."""
    headers = {**headers_of(signed), "X-HubSpot-Request-Timestamp": Made().timestamp}

    told = desk.explain(headers)

    assert (3, [part], False) == (told.code, told.parts, told.document["holds"])


def test_a_host_behind_a_proxy_is_found(desk: Desk) -> None:
    """The capture names an inner host and http; the outer ones, which HubSpot called, stand in a header."""
    headers = {**headers_of(Made()), "Host": "app-7:8000", "X-Forwarded-Host": "app.example.test"}

    told = desk.explain(headers, base="http://app-7:8000")

    assert ["scheme", "host"] == told.parts


def test_three_things_at_once_are_found(desk: Desk) -> None:
    """A proxy that ended TLS, changed the host and added a line end to the body is seen through."""
    headers = {**headers_of(Made()), "X-Forwarded-Host": "app.example.test"}

    told = desk.explain(headers, base="http://localhost:8000", body=BODY + b"\n")

    assert ["scheme", "host", "body bytes"] == told.parts


def test_a_timestamp_in_the_other_unit_is_named(desk: Desk) -> None:
    """The header says seconds, and milliseconds were signed."""
    told = desk.explain({**headers_of(Made()), "X-HubSpot-Request-Timestamp": str(NOW)})

    assert ["timestamp"] == told.parts


@pytest.mark.parametrize(
    "written",
    [
        lambda signature: signature.rstrip("="),
        lambda signature: f'"{signature}"',
        lambda signature: f"v3={signature}",
        lambda signature: base64.urlsafe_b64encode(base64.b64decode(signature)).decode().rstrip("="),
        lambda signature: base64.b64decode(signature).hex(),
    ],
)
def test_a_signature_in_another_form_is_named(desk: Desk, written: Any) -> None:
    """The right digest, not in standard base64, is a matter of the header's form."""
    headers = headers_of(Made())

    told = desk.explain({**headers, "X-HubSpot-Signature-v3": written(headers["X-HubSpot-Signature-v3"])})

    assert ["header form"] == told.parts


@pytest.mark.parametrize("name", ["X-HubSpot-Signature", "X-HubSpot-Signature-v3"])
def test_version_2_is_recognised(desk: Desk, name: str) -> None:
    """A right version 2, alone or in the header of version 3, is said to be just that."""
    digest = hashlib.sha256(f"{SECRET}POST{BASE}{TARGET}".encode() + BODY).hexdigest()

    told = desk.explain({name: digest, "X-HubSpot-Request-Timestamp": f"{NOW}000"})

    assert (3, ["header form"]) == (told.code, told.parts)
    assert "version 2, right in itself" in told.document["differences"][0]["received"]


@pytest.mark.parametrize(("age", "holds"), [(299, True), (-299, True), (301, False), (-301, False)])
def test_a_stale_signature_is_told_from_a_wrong_one(desk: Desk, age: int, holds: bool) -> None:
    """A right signature more than five minutes before or after its arrival is stale, and nothing else."""
    told = desk.explain(headers_of(Made()), at=NOW + age)

    assert (holds, [] if holds else ["stale"]) == (told.document["holds"], told.parts)


@pytest.mark.parametrize(
    ("headers", "part"),
    [
        ({"X-HubSpot-Signature-v3": "x"}, "timestamp"),
        ([*headers_of(Made()).items(), ("x-hubspot-signature-v3", "x")], "header form"),
        ({"X-Webhook-Signature": "sha256=00"}, "header form"),
        ({"X-Webhook-Signature": ""}, "header form"),
    ],
)
def test_missing_and_repeated_headers_are_named(desk: Desk, headers: Any, part: str) -> None:
    """A header that is absent, empty, repeated or unreadable is what differs."""
    assert [part] == desk.explain(headers).parts


@pytest.mark.parametrize(
    ("headers", "body", "parts"),
    [
        (chert_header(), BODY, []),
        ({"x-chert-signature": chert_header()["X-Webhook-Signature"]}, BODY, []),
        ({"X-Webhook-Signature": chert_header()["X-Webhook-Signature"].replace(",", ", ")}, BODY, ["header form"]),
        ({"X-Webhook-Signature": chert_header()["X-Webhook-Signature"].upper()}, BODY, ["header form"]),
        (chert_header(body=BODY + b"\n"), BODY, ["body bytes"]),
        (chert_header(secret="another"), BODY, ["wrong secret"]),
        (chert_header(timestamp=NOW - 301), BODY, ["stale"]),
    ],
)
def test_cherts_webhooks_are_explained(desk: Desk, headers: Any, body: bytes, parts: list[str]) -> None:
    """Both names and forms of Chert's header hold, and what differs is named."""
    told = desk.explain(headers, body=body, target="/api/chert/webhook")

    assert ("chert", parts) == (told.document["sender"], told.parts)


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_raw_http_is_read(desk: Desk, end: str) -> None:
    """A capture of the wire, with the line ends of HTTP or of an editor, is taken with its raw body."""
    lines = [f"POST {TARGET} HTTP/1.1", "Host: app.example.test"]
    lines += [f"{name}: {value}" for name, value in headers_of(Made()).items()]
    capture = end.join([*lines, "", ""]).encode() + BODY

    told = desk.explain_file(capture, "--at", "2026-09-21T14:13:20Z")

    assert (0, True) == (told.code, told.document["holds"])


def test_the_base_url_overrides_the_captures_own(desk: Desk) -> None:
    """What the operator knows of scheme and host goes before what the capture says."""
    assert 0 == desk.explain(headers_of(Made()), "--base-url", BASE, base="http://inner:8000").code


def test_a_services_secrets_file_is_taken(desk: Desk) -> None:
    """The secrets of the sender are chosen from it, and which of them made the signature is told."""
    file = desk.folder / "webhooks.json"
    file.write_text(json.dumps({"hubspot_client_secrets": ["newer", SECRET], "chert_webhook_secrets": ["x"]}))

    told = desk.explain(headers_of(Made()), "--secret-file", str(file))

    assert (0, 2) == (told.code, told.document["secret"])


def test_options_stand_in_for_a_file(desk: Desk) -> None:
    """URL, headers and body can be given one by one, and the secret by a variable's name."""
    (desk.folder / "body").write_bytes(BODY)
    headers = [part for header in headers_of(Made()).items() for part in ("-H", ": ".join(header))]
    options = ["--url", BASE + TARGET, *headers, "--body-file", str(desk.folder / "body"), "--at", str(NOW)]

    result = CliRunner(env={"CLIENT_SECRET": SECRET}).invoke(
        app, ["signature", "explain", *options, "--secret-env", "CLIENT_SECRET"]
    )

    assert (0, "The signature holds, and it is fresh. It was made with secret 1.\n") == (
        result.exit_code,
        result.stdout,
    )


def test_the_prompt_asks_for_the_secret_and_shows_nothing_of_it(desk: Desk) -> None:
    """Without an option the secret is asked for; neither it nor the body is in the table."""
    (desk.folder / "capture").write_text(
        json.dumps({"method": "POST", "url": BASE, "headers": headers_of(Made()), "body": "private words"})
    )

    result = CliRunner().invoke(app, ["signature", "explain", str(desk.folder / "capture")], input="made-up\n")

    assert 3 == result.exit_code
    assert "wrong secret" in result.stdout
    assert "made-up" not in result.output
    assert "private words" not in result.output


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "neither raw HTTP"),
        (b"{", "no request"),
        (b'{"method": 1}', "method: string_type"),
        (b'{"method": "POST", "url": "https://x/", "body_base64": "?"}', "body_base64"),
        (b"POST / HTTP/1.1\r\nHost: x", "incomplete"),
        (b"POST / HTTP/1.1\r\n\r\n", "names no host"),
        (b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", "no signature header"),
    ],
)
def test_what_is_no_capture_is_said_in_a_sentence(desk: Desk, content: bytes, words: str) -> None:
    """A file that is no request of either sender is a sentence and exit code 1, never a traceback."""
    told = desk.explain_file(content)

    assert 1 == told.code
    assert words in told.output


@given(
    content=st.binary(max_size=200)
    | st.builds(lambda value: b"POST / HTTP/1.1\nHost: x\nX-Webhook-Signature: " + value + b"\n\n", st.binary())
    | st.builds(
        lambda sign, at: (
            b"POST / HTTP/1.1\nHost: x\nX-HubSpot-Signature-v3: %b\nX-HubSpot-Request-Timestamp: %b\n\n" % (sign, at)
        ),
        st.binary(max_size=50),
        st.binary(max_size=50) | st.integers().map(lambda number: str(number).encode()),
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_captured_there_is_an_answer(desk: Desk, content: bytes) -> None:
    """Any bytes end in one of the documented exit codes."""
    assert desk.explain_file(content).code in {0, 1, 3}
