"""What this service thinks in: sessions, states, grants, sealed tokens, installations."""

from oauth.models.grants import (
    CONDITIONAL_SCOPES,
    REQUIRED_SCOPES,
    AccountGrant,
    Grant,
    Introspection,
    Sealed,
    SealedTokens,
    SealPlace,
    TokenField,
    Tokens,
)
from oauth.models.history import REMEMBERED, Change, EndReason, HistoryEntry, HistoryKind, remembered
from oauth.models.installations import Departure, DepartureStep, Ended, GrantCheck, Installation, Status
from oauth.models.outside import AccountDetails, FileContent, FileFacts, PhoneLine
from oauth.models.processes import JournalEvent, JournalPage, JournalPosition, Lease, Replica
from oauth.models.sessions import Actor, InstallState, Project, Session, Start

__all__ = [
    "CONDITIONAL_SCOPES",
    "REMEMBERED",
    "REQUIRED_SCOPES",
    "AccountDetails",
    "AccountGrant",
    "Actor",
    "Change",
    "Departure",
    "DepartureStep",
    "EndReason",
    "Ended",
    "FileContent",
    "FileFacts",
    "Grant",
    "GrantCheck",
    "HistoryEntry",
    "HistoryKind",
    "InstallState",
    "Installation",
    "Introspection",
    "JournalEvent",
    "JournalPage",
    "JournalPosition",
    "Lease",
    "PhoneLine",
    "Project",
    "Replica",
    "SealPlace",
    "Sealed",
    "SealedTokens",
    "Session",
    "Start",
    "Status",
    "TokenField",
    "Tokens",
    "remembered",
]
