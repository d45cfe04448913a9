"""`chertctl doctor`: looks at everything that can be wrong, and says for each fault what to do."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import httpx2
import typer

from chertctl import examining, findings
from chertctl.findings import Finding
from chertctl.outcomes import Exit
from chertctl.verbs import TOPICS_FILE, AsJson, Desk, TopicsFile, run, verb_app
from hubspot_client import DEFAULT_API_VERSION

app = verb_app()


@app.command(epilog="Example: chertctl doctor --config")
def doctor(
    config: Annotated[bool, typer.Option("--config", help="Only settings, secrets and dates; asks nobody.")] = False,
    api_version: Annotated[
        str, typer.Option("--api-version", help="HubSpot's version that the services use.")
    ] = DEFAULT_API_VERSION,
    file: TopicsFile = TOPICS_FILE,
    as_json: AsJson = False,
) -> None:
    """Look at settings, services and their dependencies, clocks, topics, lag, signatures and HubSpot's sunset dates.

    Exit code 3 if something is wrong; each finding has its remedy.
    """
    found = run(lambda desk: examine(desk, config=config, api_version=api_version, file=file), as_json=as_json)
    raise typer.Exit(Exit.FOUND if any(one.verdict != "ok" for one in found) else Exit.DONE)


async def examine(desk: Desk, *, config: bool, api_version: str, file: Path) -> list[Finding]:
    """Look, show, and return everything that was found."""
    found = [
        *findings.of_settings(desk.settings),
        *findings.of_secrets(desk.settings),
        findings.of_releases(api_version, desk.clock.now().date()),
    ]
    if not config:
        found += await _asked(desk, file)
    desk.screen.document([asdict(one) for one in found])
    desk.screen.table(
        ("check", "verdict", "found", "remedy"), [(one.check, one.verdict, one.words, one.remedy) for one in found]
    )
    return found


async def _asked(desk: Desk, file: Path) -> list[Finding]:
    async with httpx2.AsyncClient(trust_env=False) as http:
        now = desk.clock.now()
        services, credential, topics, lag, signatures = await asyncio.gather(
            asyncio.gather(*(examining.of_service(http, desk.settings, one, now) for one in examining.SERVICES)),
            examining.of_credential(desk),
            examining.of_topics(desk.settings, file),
            examining.of_lag(desk.settings, now),
            examining.of_signatures(http, desk),
        )
    return [*(one for found in services for one in found), credential, *topics, *lag, signatures]
