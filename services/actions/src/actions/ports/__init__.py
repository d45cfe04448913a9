"""What the handlers need from outside, one module per part."""

from actions.ports.accounts import AccountData, AccountViews
from actions.ports.chert import Messenger
from actions.ports.contacts import ContactReader, ContactSchema
from actions.ports.contents import SendContents
from actions.ports.conversations import AuthorStore, ConversationStore, NumberHash, WishStore
from actions.ports.creations import AutoSendFacts, CreationQueue, CreationRecords, InstallTimes
from actions.ports.facts import Campaigns, ChatReader, Facts, LeadLookup, LineList, NextSend
from actions.ports.faults import FaultPoints
from actions.ports.hubspot import NewerSignatures, Verifier
from actions.ports.openings import CardOpenings
from actions.ports.references import ReferenceStore
from actions.ports.sends import AliasStore, SendStore
from actions.ports.steps import Conversations, StepStore, WorkflowCallbacks
from actions.ports.tenants import TenantAuthority, TenantStore

__all__ = [
    "AccountData",
    "AccountViews",
    "AliasStore",
    "AuthorStore",
    "AutoSendFacts",
    "Campaigns",
    "CardOpenings",
    "ChatReader",
    "ContactReader",
    "ContactSchema",
    "ConversationStore",
    "Conversations",
    "CreationQueue",
    "CreationRecords",
    "Facts",
    "FaultPoints",
    "InstallTimes",
    "LeadLookup",
    "LineList",
    "Messenger",
    "NewerSignatures",
    "NextSend",
    "NumberHash",
    "ReferenceStore",
    "SendContents",
    "SendStore",
    "StepStore",
    "TenantAuthority",
    "TenantStore",
    "Verifier",
    "WishStore",
    "WorkflowCallbacks",
]
