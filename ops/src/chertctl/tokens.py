"""`chertctl tokens`: does HubSpot still know the grants that we hold?"""

from typing import Annotated, Final

import typer

from chertctl import tenants
from chertctl.outcomes import Exit, WrongCallError
from chertctl.verbs import AsJson, Desk, DryRun, Yes, run, verb_app
from contracts.tenant_operations import TokenCheck

app = verb_app("HubSpot's grants.")

_COLUMNS: Final = ("account", "verdict", "access token until", "words")


@app.callback()
def _group() -> None:
    """HubSpot's grants."""


@app.command(epilog="Example: chertctl tokens check 62515; chertctl tokens check --all --yes")
def check(
    portal_ids: Annotated[list[int] | None, typer.Argument(help="HubSpot's account ids.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Every connected account.")] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Ask HubSpot whether refresh tokens live; an account whose does not is ended, as after any such answer.

    Exit code 3 if one is not alive.
    """
    found = run(lambda desk: check_grants(desk, portal_ids or [], everyone=everyone, dry_run=dry_run, yes=yes),
                as_json=as_json)  # fmt: skip
    raise typer.Exit(Exit.FOUND if found else Exit.DONE)


async def check_grants(desk: Desk, portal_ids: list[int], *, everyone: bool, dry_run: bool, yes: bool) -> bool:
    """Check grants; whether one is not alive.

    Raises:
        WrongCallError: it does not say which.
    """
    if bool(portal_ids) == everyone:
        raise WrongCallError("Name accounts, or say --all.")
    asked = portal_ids or [
        one.overview.tenant.portal_id
        async for page in tenants.pages(desk)
        for one in page.tenants
        if one.overview.tenant.status == "active"
    ]
    desk.screen.say(f"{len(asked)} accounts; one whose grant HubSpot does not know any more is ended.")
    if not asked or not desk.screen.decide(f"Ask HubSpot about {len(asked)} grants?", dry_run=dry_run, yes=yes):
        desk.screen.document({"accounts": asked, "checks": [], "dry_run": dry_run})
        return False
    checks: list[TokenCheck] = []
    async with desk.audit() as audit, audit.act("tokens check") as act:
        with desk.screen.progress("asking HubSpot", len(asked)) as counter:
            for portal_id in asked:
                path = f"/ops/tenants/{portal_id}/token-check"
                checks.append(await desk.services.call("oauth", "POST", path, TokenCheck))
                counter.reach(len(checks))
                act.result[checks[-1].verdict] += 1
    documents = [one.model_dump(mode="json") for one in checks]
    desk.screen.document({"accounts": asked, "checks": documents, "dry_run": False})
    desk.screen.table(
        _COLUMNS, [(one.portal_id, one.verdict, one.access_token_expires_at, one.words) for one in checks]
    )
    return any(one.verdict != "alive" for one in checks)
