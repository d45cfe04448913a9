"""The `harness` command, which the Makefile calls."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from harness import card_build, compose, drawing, local, proof, reports, runs, seeding
from harness.errors import HarnessError
from harness.journal import Journal
from harness.reports import Scale
from harness.run_file import RunFile
from harness.settings import HarnessSettings
from harness.waiting import ConditionNotMetError
from harness.walk import MissError, Walk

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Starts the whole system for people, walks the main job, and measures.",
)
console = Console()

Name = Annotated[str, typer.Argument(help="Which run; an unknown name lists those there are.")]
ScaleOption = Annotated[Scale, typer.Option(help="Minutes, or what a release claims.")]

DEFAULT_FOLDER = Path(".local")
"""Where `chertctl` looks by itself, in the checkout."""

MISS = 1
"""Exit code when something is not as it must be."""
INTERRUPTED = 130
"""Exit code when somebody stopped it before it was done."""


class Interrupted(BaseException):
    """SIGINT or SIGTERM came."""


@app.command()
def demo() -> None:
    """Start everything, walk the main job, then stay up for your browser until Ctrl-C."""
    with _plainly(), local.running_system(_settings(), console) as run:
        asyncio.run(_walk(run))
        seeding.add_people(run.hubspot_url, run.portals[0].portal_id)
        _say_what_to_try(run)
        _stay_up()


@app.command()
def smoke() -> None:
    """Start everything, walk the main job and stop; the exit code is 0 only without a miss."""
    with _plainly(), local.running_system(_settings(), console) as run:
        asyncio.run(_walk(run))


@app.command()
def up() -> None:
    """Start everything and stay up until Ctrl-C, without the walk."""
    with _plainly(), local.running_system(_settings(), console) as run:
        _say_what_to_try(run)
        _stay_up()


@app.command()
def down() -> None:
    """Stop the system of this checkout, also what a killed run left behind."""
    with _plainly():
        local.stop(_settings(), console)


@app.command()
def bench(name: Name, scale: ScaleOption = Scale.QUICK) -> None:
    """Run one benchmark and write its report."""
    _measure(runs.BENCHMARKS, name, scale)


@app.command()
def faults(
    name: Name,
    scale: ScaleOption = Scale.QUICK,
    seed: Annotated[int | None, typer.Option(help="Other random choices, where a run allows it.")] = None,
    begin: Annotated[float | None, typer.Option("--from", help="Leave out what is due before, in seconds.")] = None,
    end: Annotated[float | None, typer.Option("--to", help="Leave out what is due after, in seconds.")] = None,
) -> None:
    """Run one fault run and write its report."""
    _measure(runs.FAULTS, name, scale, seed=seed, begin=begin, end=end)


@app.command()
def drawn(commit: Annotated[str, typer.Argument(help="The commit's hash; any text will do.")]) -> None:
    """Name the fault run that the check of a commit plays besides."""
    typer.echo(drawing.draw(commit))


@app.command()
def report() -> None:
    """Every figure measured so far in one table, misses first; `docs/proof.md`, and a page with charts."""
    figures = reports.read_figures(runs.reports_folder())
    if not figures:
        console.print("Nothing was measured yet: make bench NAME=… or make faults NAME=…")
        return
    reports.print_figures(figures, console)
    for path in proof.write(runs.reports_folder()):
        console.print(f"Written: {path}", highlight=False)
    if not all(figure.ok for _, figure in figures):
        raise typer.Exit(MISS)


@app.command()
def secrets(folder: Annotated[Path, typer.Argument(help="Where the containers find them.")]) -> None:
    """Write the services' secrets files for docker compose; those that are there stay."""
    with _plainly():
        written = compose.write_secrets(folder, os.environ)
        console.print(f"{len(written)} files written to {folder}.", highlight=False)


@app.command()
def seed(
    hubspot_url: Annotated[str, typer.Argument(help="Where the simulated HubSpot is.")],
    chert_url: Annotated[str, typer.Argument(help="Where the simulated Chert is.")],
) -> None:
    """Give the simulators a project, a HubSpot account and a contact to try things on."""
    with _plainly():
        portal = seeding.seed(hubspot_url, chert_url, seeding.FIRST_TENANT)
        console.print(f"Account {portal.portal_id}, contact {portal.contacts[0].id}.", highlight=False)


async def _walk(run: RunFile) -> None:
    console.print("\nThe main job, from end to end\n", style="bold")
    async with Walk(run, Journal(console)) as walk:
        journal = await walk.all_steps()
    console.print(f"\nAll five steps in {sum(journal.seconds.values()):.1f} s.", highlight=False)


def _measure(kind: Path, name: str, scale: Scale, **choices: float | None) -> None:
    with _plainly():
        measured = runs.play(runs.find(kind, name), scale, **choices)
        path = measured.write(runs.reports_folder())
        reports.print_figures([(measured.name, figure) for figure in measured.figures], console)
        console.print(f"\nSeed {measured.seed}, report in {path}", highlight=False)
        if not measured.ok:
            raise typer.Exit(MISS)


def _say_what_to_try(run: RunFile) -> None:
    portal, tenant = run.portals[0], run.chert.tenant_slug
    contact, folder = portal.contacts[0], _shown(local.folder_of(_settings()))
    console.print(
        f"""
[bold]Open[/bold]
  the console                  {run.gateway_url}/console
  contacts, in HubSpot         {run.hubspot_url}/contacts/{portal.portal_id}/objects/0-1
  one of them, with the card   {run.hubspot_url}/contacts/{portal.portal_id}/record/0-1/{contact.id}
  that person's phone          {run.chert_url}/phones/{tenant}/{contact.phone}
  workflows, in HubSpot        {run.hubspot_url}/workflows/{portal.portal_id}
  the app, in HubSpot          {run.hubspot_url}/connected-apps/{portal.portal_id}
  faults, in HubSpot           {run.hubspot_url}/faults
  both simulators' control     {run.hubspot_url}/docs  {run.chert_url}/docs

[bold]Try[/bold]
  1. connect HubSpot on the console
  2. send from the card beside the contact, or create a workflow and enroll the contact
  3. reply on that person's phone, and see the reply in the card and on the timeline; STOP ends it
  4. uninstall the app in HubSpot: the card and the workflow are refused

[bold]Operate[/bold], in another terminal
{_told_where(folder)}  .venv/bin/chertctl doctor
  .venv/bin/chertctl tenant list
  .venv/bin/chertctl where {contact.phone}

Addresses, ids and process ids are in {folder}/run.json, logs in {folder}/logs/. Ctrl-C stops everything.
{card_build.note()}""",
        highlight=False,
        soft_wrap=True,
    )


def _shown(folder: Path) -> Path:
    """A folder as one types it."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _told_where(folder: Path) -> str:
    """What the command has to be told when the system is not where it looks."""
    return "" if folder == DEFAULT_FOLDER else f"  export CHERTCTL_RUN_FILE={folder / 'run.json'}\n"


def _stay_up() -> None:
    try:
        while True:
            signal.pause()
    except Interrupted:
        console.print("Stopping.")


def _settings() -> HarnessSettings:
    return HarnessSettings.read(os.environ)


@contextmanager
def _plainly() -> Iterator[None]:
    """Turn expected trouble into one clear text and an exit code, and signals into an orderly end."""
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except (HarnessError, MissError, ConditionNotMetError) as error:
        console.print(f"[red]{type(error).__name__.removesuffix('Error')}[/red]", highlight=False, end=": ")
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(MISS) from None
    except Interrupted:
        raise typer.Exit(INTERRUPTED) from None


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    """Unwind once; while everything is being stopped, impatience changes nothing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Interrupted
