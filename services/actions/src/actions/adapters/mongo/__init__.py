"""MongoDB: the sends, their second names, their outbox, and the tenant projection."""

from actions.adapters.mongo.accounts import MongoAccounts
from actions.adapters.mongo.aliases import MongoAliasStore
from actions.adapters.mongo.authors import MongoAuthorStore
from actions.adapters.mongo.contents import MongoSendContents
from actions.adapters.mongo.conversations import MongoConversationStore
from actions.adapters.mongo.creations import MongoCreationQueue, MongoCreationRecords, MongoInstallTimes
from actions.adapters.mongo.newer_signatures import MongoNewerSignatures
from actions.adapters.mongo.openings import MongoCardOpenings
from actions.adapters.mongo.outbox import MongoSendOutbox
from actions.adapters.mongo.references import MongoReferenceStore
from actions.adapters.mongo.sends import MongoSendStore
from actions.adapters.mongo.steps import MongoStepStore
from actions.adapters.mongo.tenants import MongoTenantStore
from actions.adapters.mongo.wishes import MongoWishStore

__all__ = [
    "MongoAccounts",
    "MongoAliasStore",
    "MongoAuthorStore",
    "MongoCardOpenings",
    "MongoConversationStore",
    "MongoCreationQueue",
    "MongoCreationRecords",
    "MongoInstallTimes",
    "MongoNewerSignatures",
    "MongoReferenceStore",
    "MongoSendContents",
    "MongoSendOutbox",
    "MongoSendStore",
    "MongoStepStore",
    "MongoTenantStore",
    "MongoWishStore",
]
