"""Which account belongs to which project, through reinstalls, moves and ends."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from pydantic import SecretStr

from chassis.clock import ManualClock, milliseconds
from contracts.envelope import Event
from contracts.tenants import TenantSettings, TenantSnapshot, TenantUninstalled
from oauth.adapters.in_memory import InMemoryInstallations
from oauth.adapters.sealing import AesGcmSealer
from oauth.errors import ContendedError
from oauth.handlers.binding import ATTEMPTS, bind, deactivate
from oauth.handlers.sealing import open_token
from oauth.models import REQUIRED_SCOPES, AccountGrant, HistoryEntry, Installation, Project, Tokens

PORTAL = 62515


class Binder:
    """Binds one account again and again."""

    def __init__(self, installations: InMemoryInstallations, sealer: AesGcmSealer, clock: ManualClock) -> None:
        self.installations, self.sealer, self.clock = installations, sealer, clock
        self.grants = 0

    def grant(self) -> AccountGrant:
        """A new grant for the account."""
        self.grants += 1
        access, refresh = SecretStr(f"access-{self.grants}"), SecretStr(f"refresh-{self.grants}")
        tokens = Tokens(access, refresh, self.clock.now() + timedelta(seconds=1800))
        return AccountGrant(tokens, PORTAL, REQUIRED_SCOPES)

    async def connect(self, project: Project) -> Installation:
        """Install from a project; the installation as written."""
        bound = await bind(
            self.grant(), project, installations=self.installations, sealer=self.sealer, clock=self.clock
        )
        return bound.installation

    async def end(self, installation: Installation) -> bool:
        """End it."""
        return await deactivate(installation, "app_uninstalled", installations=self.installations, clock=self.clock)

    async def current(self) -> Installation:
        """The installation as it lies there."""
        found = await self.installations.get(PORTAL)
        assert found is not None
        return found

    async def events(self) -> Sequence[Event[TenantSnapshot]]:
        """What is to be told, in order."""
        (pending,) = await self.installations.pending(10)
        return pending.events


@pytest.fixture
def binder(installations: InMemoryInstallations, sealer: AesGcmSealer, clock: ManualClock) -> Binder:
    """Binds one account again and again."""
    return Binder(installations, sealer, clock)


async def test_the_first_install_is_generation_one(binder: Binder, acme: Project) -> None:
    """An account's first install is its first generation, at a revision of the present."""
    installation = await binder.connect(acme)

    assert (1, milliseconds(binder.clock.now())) == (installation.generation, installation.revision)
    assert installation.settings == TenantSettings()


async def test_tokens_are_sealed_at_rest(binder: Binder, acme: Project) -> None:
    """What is stored opens to the granted tokens, and holds neither of them in the clear."""
    installation = await binder.connect(acme)

    assert "access-1" == open_token(installation, "access_token", binder.sealer).get_secret_value()
    assert "refresh-1" == open_token(installation, "refresh_token", binder.sealer).get_secret_value()
    assert b"refresh-1" not in (installation.tokens.refresh_token.ciphertext if installation.tokens else b"")


async def test_a_reinstall_rotates_tokens_and_keeps_the_rest(binder: Binder, acme: Project) -> None:
    """Installing a connected account again keeps generation, project and settings, and takes the new tokens."""
    first = await binder.connect(acme)
    again = await binder.connect(acme)

    assert (first.generation, first.project_id, first.settings) == (
        again.generation,
        again.project_id,
        again.settings,
    )
    assert again.revision > first.revision
    assert again.token_version > first.token_version
    assert "refresh-2" == open_token(again, "refresh_token", binder.sealer).get_secret_value()


async def test_a_reinstall_from_another_project_moves_nothing(binder: Binder, acme: Project, globex: Project) -> None:
    """A connected account stays in its project wherever the install is launched from, and its tokens rotate there."""
    await binder.connect(acme)
    bound = await bind(
        binder.grant(), globex, installations=binder.installations, sealer=binder.sealer, clock=binder.clock
    )

    assert bound.stays
    assert (acme.id, acme.chert_tenant) == (bound.installation.project_id, bound.installation.chert_tenant)
    assert "refresh-2" == open_token(await binder.current(), "refresh_token", binder.sealer).get_secret_value()


async def test_an_account_that_ended_may_move(binder: Binder, acme: Project, globex: Project) -> None:
    """After its end an account begins a new generation, in whichever project installs it, with default settings."""
    await binder.end(await binder.connect(acme))
    moved = await binder.connect(globex)

    assert (2, globex.id, globex.chert_tenant, "active") == (
        moved.generation,
        moved.project_id,
        moved.chert_tenant,
        moved.status,
    )
    assert TenantSettings() == moved.settings
    assert moved.ended is None


async def test_an_end_erases_tokens_and_is_told(binder: Binder, acme: Project) -> None:
    """The end of an installation erases its tokens and tells why, in the same write."""
    assert await binder.end(await binder.connect(acme))

    ended = await binder.current()
    told = (await binder.events())[-1].data

    assert ("inactive", None) == (ended.status, ended.tokens)
    assert isinstance(told, TenantUninstalled)
    assert ("app_uninstalled", ended.revision, 1) == (told.reason, told.revision, told.generation)


async def test_an_end_that_comes_late_ends_nothing(binder: Binder, acme: Project) -> None:
    """An end decided about tokens that were replaced meanwhile is not carried out."""
    read = await binder.connect(acme)
    await binder.connect(acme)

    assert not await binder.end(read)
    assert "active" == (await binder.current()).status


async def test_revisions_only_grow(binder: Binder, acme: Project, clock: ManualClock) -> None:
    """Each change is newer than the one before, also within a millisecond and after a clock that went back."""
    revisions = [(await binder.connect(acme)).revision for _ in range(3)]
    binder.clock = ManualClock(clock.now() - timedelta(days=1))
    revisions.append((await binder.connect(acme)).revision)

    assert sorted(set(revisions)) == revisions


async def test_a_database_put_back_catches_up(binder: Binder, acme: Project, clock: ManualClock) -> None:
    """A change after an older database was put back is newer than all that was told before it."""
    await binder.connect(acme)
    clock.advance(86_400)
    told = (await binder.connect(acme)).revision
    older = Binder(InMemoryInstallations(), binder.sealer, ManualClock())
    await older.connect(acme)
    older.clock = ManualClock(clock.now() + timedelta(seconds=1))

    assert (await older.connect(acme)).revision > told


async def test_installs_at_the_same_time_all_count(binder: Binder, acme: Project) -> None:
    """Of installs at the same moment none is lost: each has its own revision, told in order."""
    await asyncio.gather(*(binder.connect(acme) for _ in range(10)))

    revisions = [event.data.revision for event in await binder.events()]

    assert 10 == len(set(revisions))
    assert sorted(revisions) == revisions
    assert (await binder.current()).revision == revisions[-1]


class Contended(InMemoryInstallations):
    """Installations that somebody else changes before every write."""

    def __init__(self, wins_after: int) -> None:
        super().__init__()
        self.losses_left = wins_after

    async def record(
        self, installation: Installation, event: Event[TenantSnapshot], entry: HistoryEntry, *, replacing: Installation
    ) -> bool:
        """Lose a few times first."""
        self.losses_left -= 1
        return self.losses_left < 0 and await super().record(installation, event, entry, replacing=replacing)


async def test_whoever_loses_tries_again(binder: Binder, acme: Project) -> None:
    """A reinstall that loses against other changes is tried again until it wins, within a bound."""
    binder.installations = Contended(wins_after=ATTEMPTS - 1)
    first = await binder.connect(acme)
    assert first.revision < (await binder.connect(acme)).revision

    binder.installations = Contended(wins_after=ATTEMPTS)
    await binder.connect(acme)
    with pytest.raises(ContendedError):
        await binder.connect(acme)
