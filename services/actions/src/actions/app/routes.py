"""The HTTP surface, wired: one function per surface, and the list of them."""

from functools import partial

from fastapi import FastAPI

from actions.adapters.signatures import HubSpotVerifier
from actions.api import activity, card, workflow
from actions.app.background import Background
from actions.app.card import card_use_cases
from actions.app.connections import Connections
from actions.handlers.activity import read_activity
from actions.handlers.sending import SendOnce
from actions.settings import Settings
from chassis.lifespan import Plumbing


def add_routes(
    app: FastAPI,
    settings: Settings,
    connections: Connections,
    background: Background,
    send: SendOnce,
    plumbing: Plumbing,
) -> None:
    """Give the app every route."""
    secrets = connections.secrets
    verifier = HubSpotVerifier(settings.public_base_url, lambda: secrets.read().hubspot_client_secrets, plumbing.clock)
    app.include_router(workflow.router(verifier, send, plumbing.metrics))
    app.include_router(card.router(verifier, card_use_cases(connections, background, send, plumbing), plumbing.metrics))
    app.include_router(
        activity.router(lambda: secrets.read().service_credentials, partial(read_activity, sends=background.sends))
    )
