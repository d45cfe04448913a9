"""What the handlers need from the outside, each by its role."""

from oauth.ports.console import FormTokens, SessionVerifier, StateSealer
from oauth.ports.hubspot import AccountDirectory, AuthorizationServer, TokenServer, UninstallJournal
from oauth.ports.sealing import TokenSealer
from oauth.ports.sisters import ActivityReader, ChertFiles, ChertProjects, Messages, PhoneLines
from oauth.ports.stores import (
    GrantCheckStore,
    HistoryStore,
    InstallationStore,
    JournalStore,
    LeaseStore,
    ReplicaStore,
    StateStore,
)

__all__ = [
    "AccountDirectory",
    "ActivityReader",
    "AuthorizationServer",
    "ChertFiles",
    "ChertProjects",
    "FormTokens",
    "GrantCheckStore",
    "HistoryStore",
    "InstallationStore",
    "JournalStore",
    "LeaseStore",
    "Messages",
    "PhoneLines",
    "ReplicaStore",
    "SessionVerifier",
    "StateSealer",
    "StateStore",
    "TokenSealer",
    "TokenServer",
    "UninstallJournal",
]
