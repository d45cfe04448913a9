"""Documents and models: an installation as it lies in MongoDB."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bson.binary import Binary

from chassis.mongo import Document
from contracts.tenants import TenantSettings
from oauth.models import (
    Actor,
    Change,
    Departure,
    Ended,
    GrantCheck,
    HistoryEntry,
    Installation,
    Sealed,
    SealedTokens,
)

_UNSET: Final = object()


def from_installation(installation: Installation) -> Document:
    """Every member but the key, as fields to set."""
    return {**_from_members(installation), "history": [_from_entry(entry) for entry in installation.history]}


def changes_from(former: Installation, installation: Installation) -> tuple[Document, Sequence[Document]]:
    """What makes the document of `former` that of `installation`: fields to set, and what to add to the history.

    Only what differs is set: each field costs the server a little; and the seal version, which documents of the first
    release lack. A history that lost its oldest entries is among the fields: adding cannot make it shorter.
    """
    before, kept = _from_members(former), len(former.history)
    del before["seal_version"]
    members = {name: value for name, value in _from_members(installation).items() if value != before.get(name, _UNSET)}
    if installation.history[:kept] != former.history:
        return {**members, "history": [_from_entry(entry) for entry in installation.history]}, ()
    return members, [_from_entry(entry) for entry in installation.history[kept:]]


def _from_members(installation: Installation) -> Document:
    """Every member but the key and the history."""
    return {
        "project_id": installation.project_id,
        "chert_tenant": installation.chert_tenant,
        "status": installation.status,
        "generation": installation.generation,
        "revision": installation.revision,
        "scopes": list(installation.scopes),
        "settings": installation.settings.model_dump(mode="json"),
        "installed_at": installation.installed_at,
        "token_version": installation.token_version,
        "tokens": None if installation.tokens is None else from_tokens(installation.tokens),
        "ended": None
        if installation.ended is None
        else {"reason": installation.ended.reason, "at": installation.ended.at},
        "seal_version": installation.seal_version,
        "departure": from_departure(installation.departure),
        "paused": installation.paused,
    }


def to_installation(document: Mapping[str, Any]) -> Installation:
    """The installation of a document."""
    tokens, ended, departure = document["tokens"], document["ended"], document.get("departure")
    return Installation(
        portal_id=document["_id"],
        project_id=document["project_id"],
        chert_tenant=document["chert_tenant"],
        status=document["status"],
        generation=document["generation"],
        revision=document["revision"],
        scopes=tuple(document["scopes"]),
        settings=TenantSettings.model_validate(document["settings"]),
        installed_at=document["installed_at"],
        token_version=document["token_version"],
        tokens=None if tokens is None else _to_tokens(tokens),
        ended=None if ended is None else Ended(ended["reason"], ended["at"]),
        # Documents of the first release have none of these.
        seal_version=document.get("seal_version", 0),
        departure=None if departure is None else _to_departure(departure),
        history=tuple(_to_entry(entry) for entry in document.get("history", ())),
        paused=document.get("paused", False),
    )


def from_tokens(tokens: SealedTokens) -> Document:
    """Sealed tokens."""
    return {
        "access_token": _from_sealed(tokens.access_token),
        "refresh_token": _from_sealed(tokens.refresh_token),
        "expires_at": tokens.expires_at,
    }


def from_departure(departure: Departure | None) -> Document | None:
    """A departure, as it lies inside its installation."""
    if departure is None:
        return None
    return {
        "step": departure.step,
        "tokens": from_tokens(departure.tokens),
        "step_began_at": departure.step_began_at,
        "due_at": departure.due_at,
        "attempts": departure.attempts,
    }


def from_check(check: GrantCheck) -> Document:
    """A doubt, as it lies inside its installation."""
    return {
        "id": check.id,
        "reason": check.reason,
        "due_at": check.due_at,
        "attempts": check.attempts,
        "traceparent": check.traceparent,
    }


def to_check(document: Mapping[str, Any]) -> GrantCheck:
    """The doubt inside an installation's document."""
    check = document["grant_check"]
    return GrantCheck(portal_id=document["_id"], **check)


def _to_departure(document: Mapping[str, Any]) -> Departure:
    return Departure(**{**document, "tokens": _to_tokens(document["tokens"])})


def _from_entry(entry: HistoryEntry) -> Document:
    return {
        "kind": entry.kind,
        "at": entry.at,
        "revision": entry.revision,
        "generation": entry.generation,
        "project_id": entry.project_id,
        "by": None if entry.by is None else {"user_id": entry.by.user_id, "name": entry.by.name},
        "reason": entry.reason,
        "changes": [{"name": one.name, "before": one.before, "after": one.after} for one in entry.changes],
        "note": entry.note,
    }


def _to_entry(document: Mapping[str, Any]) -> HistoryEntry:
    by = document["by"]
    changes = tuple(Change(**change) for change in document["changes"])
    return HistoryEntry(**{**document, "by": None if by is None else Actor(**by), "changes": changes})


def _to_tokens(document: Mapping[str, Any]) -> SealedTokens:
    return SealedTokens(
        _to_sealed(document["access_token"]), _to_sealed(document["refresh_token"]), document["expires_at"]
    )


def _from_sealed(sealed: Sealed) -> Document:
    return {"key_id": sealed.key_id, "nonce": Binary(sealed.nonce), "ciphertext": Binary(sealed.ciphertext)}


def _to_sealed(document: Mapping[str, Any]) -> Sealed:
    return Sealed(document["key_id"], bytes(document["nonce"]), bytes(document["ciphertext"]))
