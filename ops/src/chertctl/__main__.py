"""`chertctl`: the verbs."""

from importlib import import_module
from typing import Any, Final, cast

import typer
from typer.core import TyperCommand, TyperGroup

from chassis.loading import with_few_collections

VERBS: Final = {
    "where": "Say where something is, by any id of it: the whole journey, and the next thing that will happen.",
    "doctor": "Look at settings, services and their dependencies, clocks, topics, lag, signatures and HubSpot's sunset "
    "dates.",
    "tenant": "Accounts: list, show, pause, resume, drain, breaker-reset, purge, erase-contact.",
    "dlq": "Dead letters: list and group them, show one, redrive, discard.",
    "held": "Held messages: list what is kept aside of whom, and release it.",
    "replay": "Let a consumer group work through records again; what it has done before stays as it is.",
    "topics": "Topics: create and compare them, see lag and what lies on them.",
    "tokens": "HubSpot's grants.",
    "keys": "The keys that seal tokens: where a rotation stands, and rotate.",
    "chert": "Chert's side: its webhook subscription.",
    "signature": "Signatures: why a request of HubSpot or Chert was refused.",
}
"""Each verb, which is a module with an `app`, and its line in the list."""


class Verb(TyperCommand):
    """A verb in the list; its module is imported when it is called, so that none waits for what another needs."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Hand over to the whole of it."""
        return self.whole().make_context(*args, **extra)

    def whole(self) -> TyperCommand | TyperGroup:
        """The verb with its options, or its own verbs."""
        with with_few_collections():
            verb = import_module(f"chertctl.{self.name}")
        return cast("TyperCommand | TyperGroup", typer.main.get_command(verb.app))


class Verbs(TyperGroup):
    """The list."""

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**attrs)
        self.commands.update({name: Verb(name, help=words) for name, words in VERBS.items()})


app = typer.Typer(
    name="chertctl",
    cls=Verbs,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _chertctl() -> None:
    """Operate Chert for HubSpot."""


if __name__ == "__main__":
    app()
