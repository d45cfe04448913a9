"""What the handlers need from outside, one module per part."""

from actions.ports.chert import Messenger
from actions.ports.conversations import AuthorStore, ConversationStore, NumberHash, WishStore
from actions.ports.faults import FaultPoints
from actions.ports.hubspot import Verifier
from actions.ports.sends import AliasStore, SendStore
from actions.ports.steps import Conversations, StepStore, WorkflowCallbacks
from actions.ports.tenants import TenantAuthority, TenantStore

__all__ = [
    "AliasStore",
    "AuthorStore",
    "ConversationStore",
    "Conversations",
    "FaultPoints",
    "Messenger",
    "NumberHash",
    "SendStore",
    "StepStore",
    "TenantAuthority",
    "TenantStore",
    "Verifier",
    "WishStore",
    "WorkflowCallbacks",
]
