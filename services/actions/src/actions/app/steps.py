"""Workflow steps that HubSpot holds, wired."""

from actions.adapters.access_tokens import OAuthAccessTokens
from actions.adapters.callbacks import HubSpotCallbacks
from actions.app.background import Background
from actions.app.connections import Connections
from actions.app.sending import conversations_of, fault_points
from actions.handlers.sending import SendOnce
from actions.handlers.steps import Steps
from actions.settings import Settings
from chassis.lifespan import Plumbing
from hubspot_client import HubSpotClient


def steps_of(
    settings: Settings, connections: Connections, background: Background, send: SendOnce, plumbing: Plumbing
) -> Steps:
    """What works on due steps."""
    tokens = OAuthAccessTokens(connections.oauth, plumbing.clock)
    return Steps(
        store=background.steps,
        send_once=send,
        conversations=conversations_of(connections),
        callbacks=HubSpotCallbacks(HubSpotClient(connections.callbacks, tokens), tokens),
        faults=fault_points(settings, connections),
        clock=plumbing.clock,
        metrics=plumbing.metrics,
    )
