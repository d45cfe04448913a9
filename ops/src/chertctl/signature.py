"""`chertctl signature`: say why the signature of a captured request does not hold."""

import os
import re
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from chertctl.captured import Captured, CaptureError, read, whole_url
from chertctl.explaining import Explanation, NoSignatureError, Sender, explain, sender_of
from chertctl.screen import Screen
from chertctl.verbs import AsJson, verb_app

app = verb_app("Signatures: why a request of HubSpot or Chert was refused.")

DOES_NOT_HOLD = 3
"""Exit code when the signature does not hold; 1 is a failure, 2 a wrong call."""

Request = Annotated[
    Path | None, typer.Argument(help="The captured request: raw HTTP, or JSON with method, url, headers and body.")
]
Method = Annotated[str, typer.Option("--method", "-X", help="Without a file: the method.")]
Url = Annotated[str | None, typer.Option("--url", help="Without a file: the URL as it was called, nothing decoded.")]
Header = Annotated[list[str] | None, typer.Option("--header", "-H", help="Without a file: `Name: value`, repeatable.")]
BodyFile = Annotated[Path | None, typer.Option("--body-file", help="Without a file: the raw bytes of the body.")]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", help="Scheme and host that the sender called; else the capture's own.")
]
SecretFile = Annotated[
    Path | None, typer.Option("--secret-file", help="One secret a line, or the secrets file of a service.")
]
SecretEnv = Annotated[str | None, typer.Option("--secret-env", help="Name of an environment variable.")]
At = Annotated[str | None, typer.Option("--at", help="When it came: ISO 8601 or Unix seconds. Default: now.")]


_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]+)?")


class _SecretsFile(BaseModel):
    """The secrets file of a service, as far as signatures go."""

    model_config = ConfigDict(extra="ignore")

    hubspot_client_secrets: tuple[SecretStr, ...] = ()
    chert_webhook_secrets: tuple[SecretStr, ...] = ()


@app.callback()
def _verbs() -> None:
    """Signatures: why a request of HubSpot or Chert was refused."""


@app.command(
    name="explain",
    epilog="Example: chertctl signature explain refused.http --base-url https://app.example.com "
    "--secret-file webhooks.json --at 2026-11-22T12:00:00Z",
)
def explain_request(
    request: Request = None,
    method: Method = "POST",
    url: Url = None,
    header: Header = None,
    body_file: BodyFile = None,
    base_url: BaseUrl = None,
    secret_file: SecretFile = None,
    secret_env: SecretEnv = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Say which part of a request differs from what was signed; exit code 3 if any does.

    The secret comes from a file, an environment variable or a prompt, never from the command line, where every user of
    the machine can read it. It is not shown, and neither is a body.
    """
    try:
        captured = _captured(request, method, url, header or [], body_file, base_url)
        secrets = _secrets(secret_file, secret_env, sender_of(captured))
        explanation = explain(captured, secrets, _moment(at, captured))
    except (CaptureError, NoSignatureError) as error:
        _fail(str(error))
    show(Screen(as_json=as_json), explanation)
    raise typer.Exit(0 if explanation.holds else DOES_NOT_HOLD)


def _captured(
    request: Path | None, method: str, url: str | None, header: list[str], body_file: Path | None, base_url: str | None
) -> Captured:
    if request is not None:
        return read(request, base_url)
    if url is None:
        raise CaptureError("Name a file with the request, or give --url, --header and --body-file.")
    pairs = tuple((name.strip(), value.strip()) for name, _, value in (one.partition(":") for one in header))
    try:
        body = body_file.read_bytes() if body_file is not None else b""
    except OSError as error:
        raise CaptureError(f"{body_file} cannot be read: {error.strerror}.") from None
    return Captured(method, whole_url(url, pairs, base_url), pairs, body)


def _secrets(file: Path | None, variable: str | None, sender: Sender) -> list[bytes]:
    if file is not None:
        found = _from_file(file, sender)
    elif variable is not None:
        found = [os.environ.get(variable, "").encode()]
    else:
        found = [typer.prompt("Secret", hide_input=True, err=True).encode()]
    found = [secret for secret in found if secret]
    if not found:
        raise CaptureError("There is no secret to check with: --secret-file, --secret-env, or the prompt.")
    return found


def _from_file(file: Path, sender: Sender) -> list[bytes]:
    try:
        content = file.read_bytes()
        if content.lstrip()[:1] != b"{":
            return content.splitlines()
        document = _SecretsFile.model_validate_json(content)
    except OSError as error:
        raise CaptureError(f"{file} cannot be read: {error.strerror}.") from None
    except ValidationError:
        raise CaptureError(f"{file} is no secrets file of a service.") from None
    chosen = document.hubspot_client_secrets if sender == "hubspot" else document.chert_webhook_secrets
    return [secret.get_secret_value().encode() for secret in chosen]


def _moment(at: str | None, captured: Captured) -> float:
    """When the request came, in Unix seconds."""
    if at is None:
        return time.time() if captured.received_at is None else captured.received_at
    if _NUMBER.fullmatch(at):
        return float(at)
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise CaptureError("--at is neither ISO 8601 nor Unix seconds.") from None
    if moment.tzinfo is None:
        raise CaptureError("--at needs an offset, such as Z.")
    return moment.timestamp()


def show(screen: Screen, explanation: Explanation) -> None:
    """Show an explanation."""
    screen.document(_document(explanation))
    which = f" It was made with secret {explanation.secret}." if explanation.secret is not None else ""
    if explanation.holds:
        screen.say(f"The signature holds, and it is fresh.{which}")
        return
    screen.say(f"The signature does not hold.{which}")
    rows = [(one.part, one.received, one.signed, one.advice) for one in explanation.differences]
    screen.table(("part", "received", "signed", "what to do"), rows)


def _document(explanation: Explanation) -> dict[str, object]:
    return {
        "holds": explanation.holds,
        "sender": explanation.sender,
        "secret": explanation.secret,
        "differences": [
            {"part": one.part, "received": one.received, "signed": one.signed, "advice": one.advice}
            for one in explanation.differences
        ],
    }


def _fail(words: str) -> NoReturn:
    print(words, file=sys.stderr)
    raise typer.Exit(1)
