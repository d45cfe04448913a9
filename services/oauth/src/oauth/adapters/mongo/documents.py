"""Documents and models: an installation as it lies in MongoDB."""

from collections.abc import Mapping
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


def changes_from(former: Installation, installation: Installation) -> Document:
    """What makes the document of `former` that of `installation`: only what differs, for each field costs the server.

    The seal version is always set, which documents of the first release lack.
    """
    before = from_installation(former)
    del before["seal_version"]
    return {name: value for name, value in from_installation(installation).items() if value != before.get(name, _UNSET)}


def from_installation(installation: Installation) -> Document:
    """Every member but the key, as fields to set."""
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


def from_entry(entry: HistoryEntry) -> Document:
    """An entry of a history."""
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


def to_entry(document: Mapping[str, Any]) -> HistoryEntry:
    """The entry of a document."""
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
