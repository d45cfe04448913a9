"""The stores in memory. No method awaits between reading and writing, so each is as atomic as one document is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from chassis.outbox import Pending
from contracts.envelope import Event
from contracts.tenants import TenantSnapshot
from oauth.models import (
    Departure,
    EndReason,
    GrantCheck,
    HistoryEntry,
    Installation,
    SealedTokens,
    remembered,
)

CARRIED: Final = 10
"""How many entries an installation may carry before they are filed."""


class InMemoryStateStore:
    """Installs that may still be finished."""

    def __init__(self) -> None:
        self._states: dict[tuple[str, str], datetime] = {}

    async def issue(self, digest: str, user_id: str, expires_at: datetime) -> None:
        """Keep the digest of a user's state until it is consumed or purged."""
        self._states[digest, user_id] = expires_at

    async def consume(self, digest: str, user_id: str) -> bool:
        """Take it out, at most once ever; false if it is gone, or another user's."""
        return self._states.pop((digest, user_id), None) is not None

    async def purge(self, now: datetime) -> int:
        """Forget expired states; how many there were."""
        expired = [key for key, expires_at in self._states.items() if expires_at <= now]
        for key in expired:
            del self._states[key]
        return len(expired)


class InMemoryInstallations:
    """Installations with their pending events and doubts: the store, the doubts' store and the outbox in one."""

    def __init__(self) -> None:
        self._installations: dict[int, Installation] = {}
        self._outboxes: dict[int, list[Event[TenantSnapshot]]] = {}
        self._checks: dict[int, GrantCheck] = {}
        self._carried: dict[int, tuple[HistoryEntry, ...]] = {}
        self._filed: dict[int, tuple[HistoryEntry, ...]] = {}

    async def get(self, portal_id: int) -> Installation | None:
        """The installation of an account, active or not."""
        return self._installations.get(portal_id)

    async def of_projects(self, project_ids: Sequence[str]) -> Sequence[Installation]:
        """Installations bound to these projects, by account id."""
        found = [one for one in self._installations.values() if one.project_id in project_ids]
        return sorted(found, key=lambda one: one.portal_id)

    async def record_first(
        self, installation: Installation, event: Event[TenantSnapshot], entry: HistoryEntry
    ) -> Installation | None:
        """Write an account's first installation, event and entry, at once; the one that lies there."""
        known = self._installations.get(installation.portal_id)
        if known is None:
            self._write(installation, event, entry)
        return known

    async def record(
        self, installation: Installation, event: Event[TenantSnapshot], entry: HistoryEntry, *, replacing: Installation
    ) -> bool:
        """Write an installation, event and entry, at once; false if it no longer is `replacing`."""
        current = self._installations.get(installation.portal_id)
        if current is None or _version(current) != _version(replacing):
            return False
        self._write(installation, event, entry)
        return True

    def _write(self, installation: Installation, event: Event[TenantSnapshot], entry: HistoryEntry) -> None:
        portal_id = installation.portal_id
        self._installations[portal_id] = installation
        self._outboxes.setdefault(portal_id, []).append(event)
        self._carried[portal_id] = (*self._carried.get(portal_id, ()), entry)

    async def of(self, portal_ids: Sequence[int]) -> Mapping[int, Sequence[HistoryEntry]]:
        """The histories of these accounts, oldest first."""
        return {
            portal_id: remembered(self._filed.get(portal_id, ()), self._carried[portal_id])
            for portal_id in portal_ids
            if portal_id in self._carried
        }

    async def file(self, limit: int) -> int:
        """File what some installations carry, of those that carry much; how many there were."""
        found = [portal_id for portal_id, entries in self._carried.items() if len(entries) > CARRIED][:limit]
        for portal_id in found:
            await self.file_one(portal_id)
        return len(found)

    async def file_one(self, portal_id: int) -> None:
        """File what one installation carries; of one that was purged nothing from before stays anywhere."""
        carried = self._carried.get(portal_id, ())
        if carried:
            self._filed[portal_id] = remembered(self._filed.get(portal_id, ()), carried)
            self._carried[portal_id] = ()

    async def page(self, after: int, limit: int) -> Sequence[Installation]:
        """Accounts with greater ids, by id."""
        return [self._installations[key] for key in sorted(self._installations) if key > after][:limit]

    async def bury(self, installation: Installation, tombstones: Sequence[Event[TenantSnapshot]]) -> bool:
        """Have tombstones told after all that is still to be told of it; false if the account moved on."""
        current = self._installations.get(installation.portal_id)
        if current is None or _version(current) != _version(installation):
            return False
        self._outboxes.setdefault(installation.portal_id, []).extend(tombstones)
        return True

    async def rotate_tokens(self, installation: Installation, tokens: SealedTokens) -> bool:
        """Give it new tokens; false if its token version moved."""
        current = self._installations.get(installation.portal_id)
        if current is None or current.token_version != installation.token_version:
            return False
        self._installations[current.portal_id] = replace(
            current, tokens=tokens, token_version=current.token_version + 1
        )
        return True

    async def departing(self, now: datetime, limit: int) -> Sequence[Installation]:
        """Installations whose departure is due, oldest first."""
        due = [(one.departure.due_at, one) for one in self._installations.values() if one.departure is not None]
        return [one for due_at, one in sorted(due, key=lambda pair: pair[0]) if due_at <= now][:limit]

    async def move_departure(self, installation: Installation, departure: Departure | None) -> bool:
        """Note what a departure has come to, or that it is over; false if its revision or token version moved."""
        current = self._installations.get(installation.portal_id)
        if current is None or _version(current)[:2] != _version(installation)[:2]:
            return False
        self._installations[current.portal_id] = replace(
            current, departure=departure, token_version=current.token_version + 1
        )
        return True

    async def sealed_under(self, key_ids: Sequence[str], limit: int) -> Sequence[Installation]:
        """Installations of which a token, a departing one included, is sealed under one of these keys."""
        found = [one for one in self._installations.values() if not set(key_ids).isdisjoint(_key_ids(one))]
        return sorted(found, key=lambda one: one.portal_id)[:limit]

    async def reseal(self, installation: Installation, *, replacing: Installation) -> bool:
        """Write the tokens of `installation`, sealed anew; false if revision, token version or seal version moved."""
        current = self._installations.get(installation.portal_id)
        if current is None or _version(current) != _version(replacing):
            return False
        self._installations[current.portal_id] = replace(
            current,
            tokens=installation.tokens,
            departure=installation.departure,
            seal_version=current.seal_version + 1,
        )
        return True

    async def count_by_key(self) -> Mapping[str, int]:
        """How many sealed tokens lie under each key id, departing ones included."""
        return Counter(key_id for one in self._installations.values() for key_id in _key_ids(one))

    async def raise_doubt(self, check: GrantCheck) -> bool:
        """Note a doubt in place of an older one; false unless the account is active."""
        installation = self._installations.get(check.portal_id)
        if installation is None or installation.status != "active":
            return False
        self._checks[check.portal_id] = check
        return True

    async def raise_doubts(self, check_id: str, reason: EndReason, due_at: datetime) -> int:
        """Note a doubt about every active account that has none; how many there were."""
        trusted = [
            portal_id
            for portal_id, one in self._installations.items()
            if one.status == "active" and portal_id not in self._checks
        ]
        for portal_id in trusted:
            self._checks[portal_id] = GrantCheck(check_id, portal_id, reason, due_at)
        return len(trusted)

    async def due(self, now: datetime, limit: int) -> Sequence[GrantCheck]:
        """Doubts whose time has come, oldest first."""
        due = [check for check in self._checks.values() if check.due_at <= now]
        return sorted(due, key=lambda check: check.due_at)[:limit]

    async def settle(self, check: GrantCheck) -> None:
        """Forget this doubt, but not a newer one."""
        if self._is_current(check):
            del self._checks[check.portal_id]

    async def postpone(self, check: GrantCheck) -> None:
        """Replace the doubt of the same id, but not a newer one."""
        if self._is_current(check):
            self._checks[check.portal_id] = check

    async def pending(self, limit: int) -> Sequence[Pending]:
        """Some documents with pending events, longest waiting first."""
        waiting = sorted(self._outboxes.items(), key=lambda item: item[1][0].time)
        return [Pending(str(portal_id), tuple(events)) for portal_id, events in waiting[:limit]]

    async def remove(self, document_id: str, event_ids: Sequence[str]) -> None:
        """Forget events that were published."""
        portal_id = int(document_id)
        left = [event for event in self._outboxes.pop(portal_id, []) if event.id not in event_ids]
        if left:
            self._outboxes[portal_id] = left

    async def forget(self, published: Sequence[Pending]) -> None:
        """Forget all events of a round."""
        for pending in published:
            await self.remove(pending.document_id, [event.id for event in pending.events])

    def _is_current(self, check: GrantCheck) -> bool:
        current = self._checks.get(check.portal_id)
        return current is not None and current.id == check.id


def _version(installation: Installation) -> tuple[int, int, int]:
    return installation.revision, installation.token_version, installation.seal_version


def _key_ids(installation: Installation) -> Sequence[str]:
    departing = None if installation.departure is None else installation.departure.tokens
    return [
        sealed.key_id
        for tokens in (installation.tokens, departing)
        if tokens is not None
        for sealed in (tokens.access_token, tokens.refresh_token)
    ]
