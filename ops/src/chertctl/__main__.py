"""`chertctl`: the verbs."""

import typer

from chertctl import chert, dlq, doctor, keys, replay, signature, tenant, tokens, topics
from chertctl.where import where

app = typer.Typer(
    name="chertctl",
    help="Operate Chert for HubSpot.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(chert.app, name="chert")
app.add_typer(dlq.app, name="dlq")
app.add_typer(keys.app, name="keys")
app.add_typer(replay.app, name="replay")
app.add_typer(signature.app, name="signature")
app.add_typer(tenant.app, name="tenant")
app.add_typer(tokens.app, name="tokens")
app.add_typer(topics.app, name="topics")
app.command(epilog="Example: chertctl doctor --config")(doctor.doctor)
app.command(epilog="Example: chertctl where +14155550132")(where)

if __name__ == "__main__":
    app()
