"""What is said of an installation: who did what, and when."""

from collections.abc import Sequence
from typing import Final

from contracts.tenants import TenantSettings
from oauth.models import Actor, Change, HistoryEntry, Installation

SHOWN_CHARACTERS: Final = 200
"""How much of a value a change keeps."""


def installed(installation: Installation, by: Actor | None, *, renewed: bool) -> HistoryEntry:
    """The entry of an install as it was just completed."""
    return HistoryEntry(
        "renewed" if renewed else "installed",
        installation.installed_at,
        installation.revision,
        installation.generation,
        installation.project_id,
        by=by,
    )


def changes_between(before: TenantSettings, after: TenantSettings) -> tuple[Change, ...]:
    """What was changed, as text."""
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    return tuple(Change(name, _text(old[name]), _text(new[name])) for name in new if old[name] != new[name])


def seen_by(history: Sequence[HistoryEntry], project_ids: frozenset[str]) -> tuple[HistoryEntry, ...]:
    """What happened while the account was of one of these projects, newest first."""
    return tuple(entry for entry in reversed(history) if entry.project_id in project_ids)


def _text(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
