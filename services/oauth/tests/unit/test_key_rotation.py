"""Key rotation: nobody seals with a key that another lacks, and nothing stays under the old one."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from chassis.clock import ManualClock
from chassis.randomness import SeededRandomness
from chassis.settings import RereadFile
from contracts.tenants import TenantSettings
from oauth.adapters.in_memory import InMemoryInstallations, InMemoryReplicaStore
from oauth.adapters.sealing import AesGcmSealer, KeyRing
from oauth.errors import SealKeyMissingError
from oauth.handlers.binding import bind, deactivate
from oauth.handlers.key_rotation import SILENCE_SECONDS, SealingKey, key_report, reseal
from oauth.handlers.sealing import open_departing, open_token
from oauth.models import REQUIRED_SCOPES, AccountGrant, Installation, Project, Tokens

PORTAL = 62515
KEYS = {name: base64.b64encode(bytes([number] * 32)).decode() for number, name in enumerate(("k1", "k2", "k3"))}


@dataclass
class Process:
    """One process with its own copy of the key ring."""

    file: Path
    key: SealingKey
    sealer: AesGcmSealer
    clock: ManualClock

    def has(self, *names: str, current: str) -> None:
        """Replace the ring file, and let time pass until it is looked at again."""
        self.file.write_text(json.dumps({"current": current, "keys": {name: KEYS[name] for name in names}}))
        self.clock.advance(1.1)


Start = Callable[[str], Process]


@pytest.fixture
def replicas() -> InMemoryReplicaStore:
    """What the processes agree on."""
    return InMemoryReplicaStore()


@pytest.fixture
def start(replicas: InMemoryReplicaStore, clock: ManualClock, randomness: SeededRandomness, tmp_path: Path) -> Start:
    """Starts a process that has one key."""

    def start(name: str) -> Process:
        file = tmp_path / f"{name}.json"
        ring = RereadFile(file, KeyRing, clock)
        key = SealingKey(ring.read, replicas, clock, name)
        process = Process(file, key, AesGcmSealer(ring.read, randomness, key.current), clock)
        process.has("k1", current="k1")
        return process

    return start


async def installed(process: Process, installations: InMemoryInstallations, project: Project) -> Installation:
    """An account whose tokens are sealed by a process."""
    tokens = Tokens(SecretStr("access"), SecretStr("refresh"), process.clock.now() + timedelta(hours=1))
    grant = AccountGrant(tokens, PORTAL, REQUIRED_SCOPES)
    bound = await bind(grant, project, installations=installations, sealer=process.sealer, clock=process.clock)
    return bound.installation


async def test_a_new_key_waits_for_everyone(start: Start) -> None:
    """The wanted key is sealed with only once every process has it, and then by all of them."""
    one, two = start("one"), start("two")
    for process in (one, two):
        await process.key.step()
    one.has("k1", "k2", current="k2")
    for process in (one, two, one):
        await process.key.step()
    assert ("k1", "k1") == (one.key.current(), two.key.current())

    two.has("k1", "k2", current="k2")
    for process in (two, one):
        await process.key.step()
    assert ("k2", "k2") == (one.key.current(), two.key.current())


async def test_a_process_that_died_is_not_waited_for(start: Start, replicas: InMemoryReplicaStore) -> None:
    """A process that is silent for the whole patience of another's own watch is forgotten."""
    one, dead = start("one"), start("dead")
    await one.key.step()
    await dead.key.step()
    one.has("k1", "k2", current="k2")
    await one.key.step()
    one.clock.advance(SILENCE_SECONDS - 1)
    await one.key.step()
    assert "k1" == one.key.current()

    one.clock.advance(1)
    await one.key.step()
    assert "k2" == one.key.current()
    assert ["one"] == [replica.id for replica in await replicas.all()]


async def test_a_process_that_died_in_a_rotation_keeps_no_key_from_leaving(
    start: Start, replicas: InMemoryReplicaStore, installations: InMemoryInstallations
) -> None:
    """One that wanted the new key and died before it sealed with it is forgotten too, and the old key becomes free."""
    one, dead = start("one"), start("dead")
    for process in (one, dead):
        await process.key.step()
        process.has("k1", "k2", current="k2")
    for process in (dead, one, one):
        await process.key.step()
    assert "k2" == one.key.current()
    assert not (await key_report(replicas=replicas, installations=installations)).is_free("k1")

    one.clock.advance(SILENCE_SECONDS)
    await one.key.step()
    assert (await key_report(replicas=replicas, installations=installations)).is_free("k1")


async def test_a_process_that_leaves_says_so(start: Start, replicas: InMemoryReplicaStore) -> None:
    """Nobody waits for a process that stopped in order."""
    one = start("one")
    await one.key.step()
    await one.key.leave()

    assert not await replicas.all()


async def test_a_process_is_ready_once_it_has_the_agreed_key(start: Start) -> None:
    """A process that starts with an old ring is not ready until it can open what the others seal."""
    one = start("one")
    await one.key.make_sure()
    one.has("k1", "k2", current="k2")
    await one.key.step()
    late = start("late")
    with pytest.raises(SealKeyMissingError):
        await late.key.make_sure()

    late.has("k1", "k2", current="k2")
    await late.key.make_sure()
    assert "k2" == late.key.current()


async def test_a_ring_without_the_agreed_key_still_seals(start: Start) -> None:
    """If the agreed key has left the ring, what is current in it is used, never a key that is not there."""
    one = start("one")
    await one.key.step()
    one.has("k2", current="k2")

    assert "k2" == one.key.current()


async def test_everything_moves_under_the_new_key(
    start: Start, replicas: InMemoryReplicaStore, installations: InMemoryInstallations, acme: Project
) -> None:
    """Tokens, departing ones too, are sealed anew without a new version; then the old key is free to leave."""
    one = start("one")
    await one.key.step()
    active = await installed(one, installations, acme)
    await deactivate(active, "disconnected", installations=installations, clock=one.clock)
    before = await installations.get(PORTAL)
    one.has("k1", "k2", current="k2")
    await one.key.step()
    assert not (await key_report(replicas=replicas, installations=installations)).is_free("k1")
    assert not await reseal(installations=installations, sealer=one.sealer, sealing_key=one.key.current)
    await one.key.step()

    report = await key_report(replicas=replicas, installations=installations)
    after = await installations.get(PORTAL)
    assert report.is_free("k1")
    assert {"k2": 2} == dict(report.sealed)
    assert before is not None
    assert after is not None
    assert after.departure is not None
    assert (before.revision, before.token_version) == (after.revision, after.token_version)
    one.has("k2", current="k2")
    assert "refresh" == open_departing(after, after.departure, "refresh_token", one.sealer).get_secret_value()


async def test_a_change_that_read_the_old_key_does_not_bring_it_back(
    start: Start, installations: InMemoryInstallations, acme: Project
) -> None:
    """A write that was read before a re-sealing loses against it, but fresh tokens always win."""
    one = start("one")
    await one.key.step()
    read = await installed(one, installations, acme)
    one.has("k1", "k2", current="k2")
    await one.key.step()
    await reseal(installations=installations, sealer=one.sealer, sealing_key=one.key.current)

    assert await deactivate(read, "app_uninstalled", installations=installations, clock=one.clock) is None
    assert read.tokens is not None
    assert await installations.rotate_tokens(read, read.tokens)


async def test_three_rotations_lose_nothing(
    start: Start, replicas: InMemoryReplicaStore, installations: InMemoryInstallations, acme: Project
) -> None:
    """Through rotation after rotation, each old key removed, the tokens open in every process."""
    one, two = start("one"), start("two")
    for process in (one, two):
        await process.key.step()
    await installed(one, installations, acme)
    for old, new in (("k1", "k2"), ("k2", "k3"), ("k3", "k1")):
        for process in (one, two):
            process.has(old, new, current=new)
        for process in (one, two, one, two):
            await process.key.step()
        await reseal(installations=installations, sealer=two.sealer, sealing_key=two.key.current)
        assert (await key_report(replicas=replicas, installations=installations)).is_free(old)
        for process in (one, two):
            process.has(new, current=new)
            found = await installations.get(PORTAL)
            assert found is not None
            assert "refresh" == open_token(found, "refresh_token", process.sealer).get_secret_value()


async def test_what_cannot_be_opened_is_left(start: Start, installations: InMemoryInstallations, acme: Project) -> None:
    """A token under a key that nobody has stays as it is, and does not keep the others from moving."""
    one = start("one")
    await one.key.step()
    before = await installed(one, installations, acme)
    one.has("k2", current="k2")
    await one.key.step()

    assert not await reseal(installations=installations, sealer=one.sealer, sealing_key=one.key.current)
    assert before == await installations.get(PORTAL)
    assert TenantSettings() == before.settings
