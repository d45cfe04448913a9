"""What several use cases share because it remembers: HubSpot's contacts, what Chert tells, openings of the card."""

from dataclasses import dataclass

from actions.adapters.access_tokens import OAuthAccessTokens
from actions.adapters.contacts import HubSpotContacts
from actions.adapters.facts import ChertFacts
from actions.adapters.mongo import MongoCardOpenings
from actions.app.connections import Connections
from chassis.lifespan import Plumbing


@dataclass(frozen=True, slots=True)
class Outside:
    """One for the process."""

    contacts: HubSpotContacts
    facts: ChertFacts
    openings: MongoCardOpenings


def outside(connections: Connections, plumbing: Plumbing) -> Outside:
    """Over the connections that are open."""
    tokens = OAuthAccessTokens(connections.oauth, plumbing.clock)
    return Outside(
        HubSpotContacts(connections.hubspot, tokens, plumbing.clock),
        ChertFacts(connections.facts, plumbing.clock),
        MongoCardOpenings(connections.database, plumbing.clock),
    )
