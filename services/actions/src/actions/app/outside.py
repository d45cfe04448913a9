"""What several use cases ask outside: HubSpot's contacts and what Chert tells, each with one memory."""

from dataclasses import dataclass

from actions.adapters.access_tokens import OAuthAccessTokens
from actions.adapters.contacts import HubSpotContacts
from actions.adapters.facts import ChertFacts
from actions.app.connections import Connections
from chassis.lifespan import Plumbing


@dataclass(frozen=True, slots=True)
class Outside:
    """One for the process."""

    contacts: HubSpotContacts
    facts: ChertFacts


def outside(connections: Connections, plumbing: Plumbing) -> Outside:
    """Over the connections that are open."""
    tokens = OAuthAccessTokens(connections.oauth, plumbing.clock)
    return Outside(
        HubSpotContacts(connections.hubspot, tokens, plumbing.clock), ChertFacts(connections.facts, plumbing.clock)
    )
