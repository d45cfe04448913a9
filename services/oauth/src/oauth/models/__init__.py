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
from oauth.models.installations import (
    Change,
    Departure,
    DepartureStep,
    Ended,
    EndReason,
    GrantCheck,
    HistoryEntry,
    HistoryKind,
    Installation,
    Status,
)
from oauth.models.outside import AccountDetails, PhoneLine
from oauth.models.processes import JournalEvent, JournalPage, JournalPosition, Lease, Replica
from oauth.models.sessions import Actor, InstallState, Project, Session, Start

__all__ = [
    "CONDITIONAL_SCOPES",
    "REQUIRED_SCOPES",
    "AccountDetails",
    "AccountGrant",
    "Actor",
    "Change",
    "Departure",
    "DepartureStep",
    "EndReason",
    "Ended",
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
]
