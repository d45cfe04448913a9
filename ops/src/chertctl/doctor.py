"""`chertctl doctor`: looks at everything that can be wrong, and says for each fault what to do."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import httpx2
import typer

from chertctl import examining, findings
from chertctl.findings import API, SPOKEN, Finding, Spoken
from chertctl.outcomes import Exit
from chertctl.verbs import TOPICS_FILE, AsJson, Desk, TopicsFile, run, verb_app

app = verb_app()


@app.command(epilog="Example: chertctl doctor --config")
def doctor(
    config: Annotated[bool, typer.Option("--config", help="Only settings, secrets and dates; asks nobody.")] = False,
    api_version: Annotated[
        str | None, typer.Option("--api-version", help="HubSpot's version to look up; else what the services speak.")
    ] = None,
    file: TopicsFile = TOPICS_FILE,
    as_json: AsJson = False,
) -> None:
    """Look at settings, services and their dependencies, clocks, topics, lag, signatures and HubSpot's sunset dates.

    Exit code 3 if something is wrong; each finding has its remedy.
    """
    found = run(lambda desk: examine(desk, config=config, api_version=api_version, file=file), as_json=as_json)
    raise typer.Exit(Exit.FOUND if any(one.verdict != "ok" for one in found) else Exit.DONE)


async def examine(desk: Desk, *, config: bool, api_version: str | None, file: Path) -> list[Finding]:
    """Look, show, and return everything that was found."""
    found = [*findings.of_settings(desk.settings), *findings.of_secrets(desk.settings)]
    asked, told = ([], set()) if config else await _asked(desk, file)
    found += [*asked, *findings.of_releases(_spoken(told, api_version), desk.clock.now().date())]
    desk.screen.document([asdict(one) for one in found])
    desk.screen.table(
        ("check", "verdict", "found", "remedy"), [(one.check, one.verdict, one.words, one.remedy) for one in found]
    )
    return found


def _spoken(told: Spoken, api_version: str | None) -> Spoken:
    """What services told, or speak by default where none did; the version that was asked for takes theirs' place."""
    spoken = told or SPOKEN
    return spoken if api_version is None else {one for one in spoken if one[0] != API} | {(API, api_version)}


async def _asked(desk: Desk, file: Path) -> tuple[list[Finding], Spoken]:
    """What asking everybody found, and which versions of HubSpot's paths the services say that they speak."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        now = desk.clock.now()
        services, credential, topics, lag, signatures, spoken = await asyncio.gather(
            asyncio.gather(*(examining.of_service(http, desk.settings, one, now) for one in examining.SERVICES)),
            examining.of_credential(desk),
            examining.of_topics(desk.settings, file),
            examining.of_lag(desk.settings, now),
            examining.of_signatures(http, desk),
            examining.spoken(http, desk.settings),
        )
    return [*(one for found in services for one in found), credential, *topics, *lag, signatures], spoken
