"""`chertctl`: the verbs."""

import typer

from chertctl import dlq, replay, signature, topics

app = typer.Typer(
    name="chertctl",
    help="Operate Chert for HubSpot.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(dlq.app, name="dlq")
app.add_typer(replay.app, name="replay")
app.add_typer(signature.app, name="signature")
app.add_typer(topics.app, name="topics")

if __name__ == "__main__":
    app()
