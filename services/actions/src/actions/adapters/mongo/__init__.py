"""MongoDB: the sends, their second names, their outbox, and the tenant projection."""

from actions.adapters.mongo.aliases import MongoAliasStore
from actions.adapters.mongo.outbox import MongoSendOutbox
from actions.adapters.mongo.sends import MongoSendStore
from actions.adapters.mongo.tenants import MongoTenantStore

__all__ = ["MongoAliasStore", "MongoSendOutbox", "MongoSendStore", "MongoTenantStore"]
