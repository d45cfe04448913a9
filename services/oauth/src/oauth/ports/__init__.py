"""What the handlers need from the outside, each by its role."""

from oauth.ports.console import FormTokens, SessionVerifier, StateSigner
from oauth.ports.hubspot import AccountDirectory, AuthorizationServer, TokenServer, UninstallJournal
from oauth.ports.sealing import TokenSealer
from oauth.ports.sisters import ActivityReader, ChertProjects, PhoneLines
from oauth.ports.stores import GrantCheckStore, InstallationStore, JournalStore, LeaseStore, ReplicaStore, StateStore

__all__ = [
    "AccountDirectory",
    "ActivityReader",
    "AuthorizationServer",
    "ChertProjects",
    "FormTokens",
    "GrantCheckStore",
    "InstallationStore",
    "JournalStore",
    "LeaseStore",
    "PhoneLines",
    "ReplicaStore",
    "SessionVerifier",
    "StateSigner",
    "StateStore",
    "TokenSealer",
    "TokenServer",
    "UninstallJournal",
]
