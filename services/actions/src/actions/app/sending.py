"""The use case of sending, wired."""

from actions.adapters.chert import ChertMessenger
from actions.adapters.mongo import MongoAliasStore, MongoTenantStore, MongoWishStore
from actions.adapters.oauth import OAuthTenantAuthority
from actions.app.background import Background
from actions.app.connections import Connections
from actions.handlers.claims import Claims
from actions.handlers.sending import SendOnce
from actions.handlers.telling import Teller
from chassis.lifespan import Plumbing


def send_once(connections: Connections, background: Background, plumbing: Plumbing) -> SendOnce:
    """One for the process: whatever asks for a send asks it."""
    return SendOnce(
        tenants=MongoTenantStore(connections.database),
        authority=OAuthTenantAuthority(connections.oauth, plumbing.clock),
        sends=background.sends,
        claims=Claims(background.sends, MongoAliasStore(connections.database), plumbing.clock),
        wishes=MongoWishStore(connections.database),
        number_hash=connections.number_hash,
        messenger=ChertMessenger(connections.chert),
        announce=background.relay.wake,
        teller=Teller(plumbing.metrics),
        clock=plumbing.clock,
        randomness=plumbing.randomness,
    )
