"""`chertctl tenant`: see accounts, hold and drain them, reset a breaker, forget an account or a person."""

from functools import partial
from typing import Annotated, Final

import typer

from chertctl import erasure, orders, tenants
from chertctl.outcomes import OperatorError
from chertctl.tenants import Seen
from chertctl.verbs import TOPICS_FILE, AsJson, Desk, DryRun, TopicsFile, Yes, run, verb_app

app = verb_app("Accounts: list, show, pause, resume, drain, breaker-reset, purge, erase-contact.")

Portal = Annotated[int, typer.Argument(help="HubSpot's account id.", min=1, max=2**53 - 1)]
Because = Annotated[str, typer.Option("--reason", help="Why; kept in the audit and the account's history.")]

_COLUMNS: Final = ("account", "project", "health", "waiting", "oldest", "generation", "connected")


@app.command(name="list", epilog="Example: chertctl tenant list --unhealthy")
def list_tenants(
    unhealthy: Annotated[bool, typer.Option("--unhealthy", help="Only those that are not healthy.")] = False,
    project: Annotated[str | None, typer.Option("--project", help="Only of this project.")] = None,
    as_json: AsJson = False,
) -> None:
    """List accounts with their health."""
    run(partial(show_list, unhealthy=unhealthy, project=project), as_json=as_json)


@app.command(epilog="Example: chertctl tenant show 62515")
def show(portal_id: Portal, as_json: AsJson = False) -> None:
    """Show one account: health, what waits for it in each service, history."""
    run(partial(show_one, portal_id=portal_id), as_json=as_json)


@app.command(epilog="Example: chertctl tenant pause 62515 --reason 'ticket 7: sends in a loop'")
def pause(
    portal_id: Portal, reason: Because, dry_run: DryRun = False, yes: Yes = False, as_json: AsJson = False
) -> None:
    """Hold an account's work: nothing is sent for it or written to it, and nothing is lost.

    HubSpot asks again for three days; a workflow that waits longer goes on without.
    """
    run(orders.Order(verb="pause", portal_id=portal_id, reason=reason, dry_run=dry_run, yes=yes), as_json=as_json)


@app.command(epilog="Example: chertctl tenant resume 62515 --reason 'ticket 7: loop removed'")
def resume(
    portal_id: Portal, reason: Because, dry_run: DryRun = False, yes: Yes = False, as_json: AsJson = False
) -> None:
    """Let a paused account go on: replies within seconds, the rest when it is tried again, within minutes."""
    run(orders.Order(verb="resume", portal_id=portal_id, reason=reason, dry_run=dry_run, yes=yes), as_json=as_json)


@app.command(epilog="Example: chertctl tenant drain 62515 --reason 'move to another cluster'")
def drain(
    portal_id: Portal,
    reason: Because,
    wait: Annotated[float, typer.Option("--wait", min=0, help="How long to wait, in seconds.")] = 120.0,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Pause an account and wait until nothing of it is under way."""
    order = orders.Order(verb="pause", portal_id=portal_id, reason=reason, dry_run=dry_run, yes=yes)
    run(partial(orders.drain, order=order, seconds=wait), as_json=as_json)


@app.command(name="breaker-reset", epilog="Example: chertctl tenant breaker-reset 62515 --reason 'HubSpot is back'")
def breaker_reset(
    portal_id: Portal, reason: Because, dry_run: DryRun = False, yes: Yes = False, as_json: AsJson = False
) -> None:
    """Close the breaker of an account's timeline and try at once, instead of at the end of its rest."""
    run(orders.BreakerReset(portal_id=portal_id, reason=reason, dry_run=dry_run, yes=yes), as_json=as_json)


@app.command(epilog="Example: chertctl tenant purge 62515 --reason 'contract ended'")
def purge(
    portal_id: Portal, reason: Because, dry_run: DryRun = False, yes: Yes = False, as_json: AsJson = False
) -> None:
    """Forget a disconnected account everywhere: last snapshot `purged`, its data, then tombstones. Cannot be undone.

    Cut off, it is finished by the same call again.
    """
    run(erasure.Purge(portal_id=portal_id, reason=reason, dry_run=dry_run, yes=yes), as_json=as_json)


@app.command(name="erase-contact", epilog="Example: chertctl tenant erase-contact 62515 904 --reason 'request 12'")
def erase_contact(
    portal_id: Portal,
    contact_id: Annotated[str, typer.Argument(help="HubSpot's contact id.")],
    reason: Because,
    file: TopicsFile = TOPICS_FILE,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Forget a person everywhere, with a certificate: what was removed, and which topics hold it until when."""
    run(
        erasure.ContactErasing(
            portal_id=portal_id, contact_id=contact_id, reason=reason, catalogue=file, dry_run=dry_run, yes=yes
        ),
        as_json=as_json,
    )


async def show_list(desk: Desk, *, unhealthy: bool, project: str | None) -> None:
    """List accounts."""
    found: list[Seen] = []
    silent: dict[str, str] = {}
    async for page in tenants.pages(desk):
        silent |= page.silent
        found += [
            one
            for one in page.tenants
            if (project is None or one.overview.tenant.project_id == project)
            and not (unhealthy and one.health == "healthy")
        ]
    desk.screen.document({"tenants": [one.document() for one in found], "silent": silent})
    desk.screen.table(_COLUMNS, [_row(one) for one in found])
    _tell_silent(silent)


async def show_one(desk: Desk, *, portal_id: int) -> None:
    """Show one account."""
    overview = await tenants.details_of(desk, portal_id)
    one, silent = await tenants.seen(desk, overview)
    desk.screen.document({**one.document(), "silent": silent})
    desk.screen.table(_COLUMNS, [_row(one)])
    desk.screen.table(
        ("service", "knows it as", "waiting", "oldest", "at work", "rests until", "breaker"),
        [
            (name, work.status, work.waiting, _time(work.oldest_at), "yes" if work.working else "no",
             _time(work.resting_until), work.breaker.words if work.breaker and work.breaker.open else "")
            for name, work in one.work.items()
        ],
    )  # fmt: skip
    desk.screen.table(
        ("at", "what", "by", "why", "revision"),
        [(_time(event.at), event.kind, event.by, event.detail, event.revision) for event in overview.history],
    )
    _tell_silent(silent)


def _row(one: Seen) -> tuple[object, ...]:
    tenant, oldest = one.overview.tenant, [work.oldest_at for work in one.work.values() if work.oldest_at is not None]
    return (
        tenant.portal_id,
        tenant.project_id,
        one.health,
        sum(work.waiting for work in one.work.values()) if len(one.work) == len(tenants.SISTERS) else "?",
        _time(min(oldest, default=None)),
        tenant.generation,
        _time(one.overview.installed_at),
    )


def _time(at: object) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"


def _tell_silent(silent: dict[str, str]) -> None:
    """Say who could not be asked.

    Raises:
        OperatorError: somebody could not.
    """
    if silent:
        raise OperatorError("This is not all there is to know. " + " ".join(silent.values()))
