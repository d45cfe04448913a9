"""The use case of sending, wired."""

from actions.adapters.chert import ChertMessenger
from actions.adapters.conversations import ChertConversations
from actions.adapters.mongo import MongoAliasStore, MongoConversationStore, MongoWishStore
from actions.adapters.oauth import OAuthTenantAuthority
from actions.app.background import Background
from actions.app.connections import Connections
from actions.handlers.claims import Claims
from actions.handlers.parking import Parking
from actions.handlers.reconciling import Reconciling
from actions.handlers.sending import SendOnce
from actions.handlers.telling import Teller
from actions.models import FaultPoint
from actions.ports import Conversations, FaultPoints
from actions.settings import Settings
from actions.workers import TOGETHER_SECONDS, Soon
from chassis.fault_points import KillOnce, NoFaultPoints
from chassis.lifespan import Plumbing


def send_once(settings: Settings, connections: Connections, background: Background, plumbing: Plumbing) -> SendOnce:
    """One for the process: whatever asks for a send asks it."""
    database, sends, aliases = connections.database, background.sends, MongoAliasStore(connections.database)
    claims, faults = Claims(sends, aliases, plumbing.clock), fault_points(settings, connections)
    return SendOnce(
        tenants=background.tenants,
        authority=OAuthTenantAuthority(connections.oauth, plumbing.clock),
        sends=sends,
        claims=claims,
        wishes=MongoWishStore(database),
        number_hash=connections.number_hash,
        messenger=ChertMessenger(connections.chert),
        reconciling=Reconciling(
            conversations=conversations_of(connections), sends=sends, aliases=aliases, clock=plumbing.clock
        ),
        parking=Parking(steps=background.steps, sends=sends, claims=claims, faults=faults, clock=plumbing.clock),
        faults=faults,
        announce=Soon(background.relay.wake, TOGETHER_SECONDS),
        teller=Teller(plumbing.metrics),
        clock=plumbing.clock,
        randomness=plumbing.randomness,
    )


def conversations_of(connections: Connections) -> Conversations:
    """Chert's side of conversations."""
    known = MongoConversationStore(connections.database)
    return ChertConversations(connections.chert, known, connections.number_hash)


def fault_points(settings: Settings, connections: Connections) -> FaultPoints:
    """None, unless a fault run asks for one."""
    order = settings.fault_point
    return KillOnce(order, FaultPoint, connections.database) if order else NoFaultPoints()
