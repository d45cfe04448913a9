"""`chertctl topics`: make topics as `deploy/topics.yaml` says, and say where a cluster differs."""

import asyncio
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer
import yaml
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from chertctl import tailing
from chertctl.catalogue import Catalogue, Topic, read
from chertctl.cluster import ClusterError, Difference, connected
from chertctl.outcomes import Exit, WrongCallError
from chertctl.screen import Screen
from chertctl.settings import load
from chertctl.verbs import TOPICS_FILE, TopicsFile, verb_app

T = TypeVar("T")

app = verb_app("Topics: create and compare them, see lag and what lies on them.")
app.command(epilog="Example: chertctl topics lag --group timeline")(tailing.lag)
app.command(epilog="Example: chertctl topics tail message.received --tenant acme --since-minutes 30")(tailing.tail)
app.command(epilog="Example: chertctl topics show message.received:3:1742")(tailing.show)

Bootstrap = Annotated[
    str | None,
    typer.Option("--bootstrap", "-b", help="host:port of brokers, comma separated.", envvar="CHERTCTL_KAFKA_BOOTSTRAP"),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be made.")]
AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]


@app.command(epilog="Example: chertctl topics create --bootstrap localhost:9092 --dry-run")
def create(
    bootstrap: Bootstrap = None, file: TopicsFile = TOPICS_FILE, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Make the topics that are missing; what exists is left as it is."""
    made, there = _answer(_create(_address(bootstrap), _catalogue(file), dry_run=dry_run))
    show_created(Screen(as_json=as_json), made, there, dry_run=dry_run)


@app.command(epilog="Example: chertctl topics diff --bootstrap localhost:9092")
def diff(bootstrap: Bootstrap = None, file: TopicsFile = TOPICS_FILE, as_json: AsJson = False) -> None:
    """Say where a cluster is not as the catalogue says; exit code 3 if anywhere."""
    found = _answer(_diff(_address(bootstrap), _catalogue(file)))
    show_differences(Screen(as_json=as_json), found)
    raise typer.Exit(Exit.FOUND if found else Exit.DONE)


def show_created(screen: Screen, made: Sequence[str], there: Sequence[str], *, dry_run: bool) -> None:
    """Show which topics were made."""
    screen.document({"created": made, "existing": there, "dry_run": dry_run})
    verb = "would be created" if dry_run else "created"
    screen.say(f"{len(made)} topics {verb}, {len(there)} existed." + "".join(f"\n  {name}" for name in made))


def show_differences(screen: Screen, found: Sequence[Difference]) -> None:
    """Show where a cluster is not as the catalogue says."""
    screen.document([asdict(difference) for difference in found])
    if found:
        rows = [(one.topic, one.what, one.wanted, one.found) for one in found]
        screen.table(("topic", "what", "wanted", "found"), rows)
    else:
        screen.say("The cluster is as the catalogue says.")


async def _create(bootstrap: str, catalogue: Catalogue, *, dry_run: bool) -> tuple[list[str], list[str]]:
    async with connected(bootstrap) as cluster:
        wanted, existing = catalogue.wanted(await cluster.brokers()), await cluster.existing()
        missing: list[Topic] = [topic for topic in wanted if topic.name not in existing]
        if missing and not dry_run:
            await cluster.create(missing)
    return [topic.name for topic in missing], [topic.name for topic in wanted if topic.name in existing]


async def _diff(bootstrap: str, catalogue: Catalogue) -> list[Difference]:
    async with connected(bootstrap) as cluster:
        return await cluster.differences(catalogue.wanted(await cluster.brokers()))


def _answer(work: Coroutine[None, None, T]) -> T:
    try:
        return asyncio.run(work)
    except KafkaError as error:
        _fail(f"Kafka does not answer ({type(error).__name__}). Is the address right, and is the broker up?")
    except ClusterError as error:
        _fail(f"Kafka refused: {error}")
    except WrongCallError as error:
        _wrong(error)


def _address(bootstrap: str | None) -> str:
    """The brokers that were named, else those of the settings."""
    try:
        return bootstrap or load().need("kafka_bootstrap")
    except WrongCallError as error:
        _wrong(error)


def _catalogue(file: Path) -> Catalogue:
    try:
        return read(file)
    except FileNotFoundError:
        _fail(f"There is no {file}. Name the catalogue with --file.")
    except (yaml.YAMLError, ValidationError) as error:
        _fail(f"{file} is not a topic catalogue: {error}")


def _wrong(error: WrongCallError) -> NoReturn:
    print(error, file=sys.stderr)
    raise typer.Exit(Exit.WRONG_CALL) from None


def _fail(words: str) -> NoReturn:
    print(words, file=sys.stderr)
    raise typer.Exit(1)
