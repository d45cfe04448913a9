"""What was done to an account, and how much of that is remembered."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from oauth.models.sessions import Actor

EndReason = Literal["app_uninstalled", "disconnected", "grant_revoked"]
"""What ended an installation; the words of `contracts.tenants.TenantUninstalled`."""

HistoryKind = Literal["installed", "renewed", "settings_changed", "paused", "resumed", "ended", "purged"]

REMEMBERED: Final = 100
"""How many settings changes are kept, and how many installs and ends: many of the one never push out the other."""


@dataclass(frozen=True, slots=True)
class Change:
    """A setting that was changed, as text."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """Something that was done to an installation.

    Attributes:
        kind: what.
        at: when.
        revision: the revision it made.
        generation: of the installation as it left it.
        project_id: whose it was then; nobody else's users may see it.
        by: who did it; none when HubSpot did.
        reason: why it ended.
        changes: of settings.
        note: why, in an operator's words, for operators alone.
    """

    kind: HistoryKind
    at: datetime
    revision: int
    generation: int
    project_id: str
    by: Actor | None = None
    reason: EndReason | None = None
    changes: tuple[Change, ...] = ()
    note: str = ""


def remembered(*parts: Iterable[HistoryEntry]) -> tuple[HistoryEntry, ...]:
    """One history of what lies in several places, oldest first.

    No entry comes twice, none from before a purge is left, and of each sort only the latest are.
    """
    found = dict.fromkeys(entry for part in parts for entry in part)
    purged = max((entry.revision for entry in found if entry.kind == "purged"), default=0)
    history = sorted((entry for entry in found if entry.revision >= purged), key=lambda entry: entry.revision)
    changes = [entry for entry in history if entry.kind == "settings_changed"]
    others = [entry for entry in history if entry.kind != "settings_changed"]
    return tuple(sorted((*changes[-REMEMBERED:], *others[-REMEMBERED:]), key=lambda entry: entry.revision))
