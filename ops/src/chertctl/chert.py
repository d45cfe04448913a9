"""`chertctl chert`: the webhook subscription by which Chert delivers replies (chert-contract.md, section 14.6)."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer

from chert_client import ChertClient, ChertError, WebhookSubscription
from chertctl.outcomes import OperatorError, WrongCallError
from chertctl.verbs import AsJson, Desk, DryRun, Reason, Yes, run, verb_app

app = verb_app("Chert's side: its webhook subscription.")

WEBHOOK_PATH: Final = "/api/chert/webhook"
REPLY: Final = "message.received"


@app.callback()
def _group() -> None:
    """Chert's side: its webhook subscription."""


@app.command(epilog="Example: chertctl chert subscribe --tenant acme --secret-file new-secret.txt --dry-run")
def subscribe(
    tenant: Annotated[str, typer.Option("--tenant", help="A Chert tenant; the platform's subscription hears all.")],
    url: Annotated[str | None, typer.Option("--url", help="Where to deliver; else the public URL's own path.")] = None,
    secret_file: Annotated[
        Path | None, typer.Option("--secret-file", help="Where a new secret is written; Chert tells it only once.")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Check that Chert delivers replies to us, and subscribe where it does not."""
    run(lambda desk: _subscribe(desk, tenant, url, secret_file, (dry_run, yes, reason)), as_json=as_json)


async def _subscribe(
    desk: Desk, tenant: str, url: str | None, secret_file: Path | None, how: tuple[bool, bool, str | None]
) -> None:
    wanted = url or desk.settings.need("public_base_url").rstrip("/") + WEBHOOK_PATH
    try:
        async with _client(desk) as client:
            known = await client.webhook_subscriptions(tenant)
            await bring_about(desk, client, tenant, wanted, known, secret_file, how)
    except ChertError as error:
        raise OperatorError(
            f"Chert refused or did not answer ({type(error).__name__}); run it again, it looks before it does anything."
        ) from None


async def bring_about(
    desk: Desk,
    client: ChertClient,
    tenant: str,
    wanted: str,
    known: Sequence[WebhookSubscription],
    secret_file: Path | None,
    how: tuple[bool, bool, str | None],
) -> None:
    """Leave what delivers, wake what rests, make what is missing.

    Raises:
        WrongCallError: what is missing cannot be made as it was asked for; nothing was done.
        ChertError: Chert refused or did not answer.
    """
    dry_run, yes, reason = how
    ours = [one for one in known if _is_ours(one, wanted)]
    desk.screen.table(
        ("id", "url", "events", "active", "ours"),
        [(one.id, one.url, ", ".join(one.events) or "all", one.is_active, one in ours) for one in known],
    )
    if any(one.is_active for one in ours):
        desk.screen.say("Chert delivers replies to us: nothing to do.")
        desk.screen.document(_document(wanted, ours, done="nothing", dry_run=dry_run))
        return
    done = "activate" if ours else "subscribe"
    if done == "subscribe":
        _check_new(wanted, secret_file)
    question = f"Activate subscription {ours[0].id}?" if ours else f"Subscribe {wanted} to {REPLY}?"
    if not desk.screen.decide(question, dry_run=dry_run, yes=yes):
        desk.screen.document(_document(wanted, ours, done=done, dry_run=True))
        return
    async with desk.audit() as audit, audit.act("chert subscribe", reason=reason, owner=tenant) as act:
        if ours:
            made = await client.activate_subscription(tenant, ours[0].id)
        else:
            new = await client.subscribe(tenant, wanted, [REPLY])
            _keep(secret_file, new.secret.get_secret_value())
            made = new
        act.result[done] = 1
    desk.screen.document(_document(wanted, [made], done=done, dry_run=False))
    if done == "subscribe":
        desk.screen.say(f"Done. Put what is in {secret_file} first in webhooks' `chert_webhook_secrets`; delete it.")


def _client(desk: Desk) -> ChertClient:
    secret = desk.secrets.chert_signing_secret
    if secret is None:
        raise WrongCallError("There is no chert_signing_secret in the operators' secrets file.")
    return ChertClient(
        desk.settings.need("chert_url"),
        signing_secret=lambda: secret.get_secret_value().encode(),
        now=desk.clock.now,
    )


def _is_ours(one: WebhookSubscription, wanted: str) -> bool:
    """By its path: behind a proxy Chert may know us under another host."""
    return urlsplit(one.url).path == urlsplit(wanted).path and (not one.events or REPLY in one.events)


def _check_new(wanted: str, secret_file: Path | None) -> None:
    """Refuse before anything is done what would fail or lose the secret."""
    if not wanted.startswith("https://"):
        raise WrongCallError(f"Chert delivers to https alone, and {wanted} is not; name an address with --url.")
    if secret_file is None:
        raise WrongCallError("Chert tells the new secret only once: name a file for it with --secret-file.")
    if secret_file.exists():
        raise WrongCallError(f"{secret_file} exists; a secret is never written over.")


def _keep(file: Path | None, secret: str) -> None:
    assert file is not None  # noqa: S101 - checked before anything was done
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(secret)


def _document(wanted: str, ours: Sequence[WebhookSubscription], *, done: str, dry_run: bool) -> dict[str, object]:
    shown = [{"id": one.id, "url": one.url, "events": list(one.events), "active": one.is_active} for one in ours]
    return {"wanted": wanted, "subscriptions": shown, "done": done, "dry_run": dry_run}
