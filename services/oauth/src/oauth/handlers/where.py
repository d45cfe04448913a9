"""Where is this id: what this service knows of an account, a project, or an event of its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from contracts.ops import MAX_STEPS, WhereAnswer, WhereStep
from oauth.handlers.binding import SOURCE
from oauth.models import HistoryEntry, Installation
from oauth.ports import HistoryStore, InstallationStore

_SERVICE: Final = SOURCE.removeprefix("/")


async def where(asked: str, *, installations: InstallationStore, histories: HistoryStore) -> WhereAnswer:
    """What happened to the account of this id, to those of this project, or under this event."""
    found = await _found(asked, installations)
    known = await histories.of([one.portal_id for one in found])
    steps = sorted(
        (_step(entry, one) for one in found for entry in known.get(one.portal_id, ()) if _is_about(entry, asked)),
        key=lambda step: step.at,
    )
    if len(found) != 1:
        return WhereAnswer(steps=tuple(steps[-MAX_STEPS:]))
    return WhereAnswer(steps=tuple(steps[-MAX_STEPS:]), next=_next(found[0]), next_at=_next_at(found[0]))


async def _found(asked: str, installations: InstallationStore) -> Sequence[Installation]:
    portal_id = _portal_id(asked)
    if portal_id is not None:
        one = await installations.get(portal_id)
        return [] if one is None else [one]
    return await installations.of_projects([asked])


def _portal_id(asked: str) -> int | None:
    """The account of an id, or of an event's (`tenant.updated:62515:1795348800000`)."""
    parts = asked.split(":")
    number = parts[1] if len(parts) == 3 and parts[0].startswith("tenant.") else asked  # noqa: PLR2004 - see above
    return int(number) if number.isascii() and number.isdigit() and len(number) < 17 else None  # noqa: PLR2004 - 2^53


def _is_about(entry: HistoryEntry, asked: str) -> bool:
    return not asked.startswith("tenant.") or asked.endswith(f":{entry.revision}")


def _step(entry: HistoryEntry, installation: Installation) -> WhereStep:
    return WhereStep(
        at=entry.at,
        service=_SERVICE,
        what=entry.kind,
        portal_id=installation.portal_id,
        project_id=entry.project_id,
        ids={"revision": str(entry.revision), "generation": str(entry.generation)},
        detail=entry.reason or ", ".join(change.name for change in entry.changes) or None,
    )


def _next(installation: Installation) -> str | None:
    if installation.departure is not None:
        return f"HubSpot is told of the disconnect: {installation.departure.step}"
    if installation.status == "active" and installation.paused:
        return "nothing until an operator resumes the account"
    return None


def _next_at(installation: Installation) -> datetime | None:
    return None if installation.departure is None else installation.departure.due_at
