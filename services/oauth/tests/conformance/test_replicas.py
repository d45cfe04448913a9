"""What every store of the processes' agreements does."""

import asyncio
from dataclasses import replace

from oauth.models import Replica
from oauth.ports import ReplicaStore

ONE = Replica("one", frozenset({"k1", "k2"}), "k2", "k1", beat=1)


async def test_processes_are_known_as_they_last_reported(replicas: ReplicaStore) -> None:
    """Each process is there once, by id, as it last said."""
    await replicas.report(replace(ONE, id="two"))
    await replicas.report(ONE)
    await replicas.report(replace(ONE, beat=2))

    assert [replace(ONE, beat=2), replace(ONE, id="two")] == list(await replicas.all())


async def test_a_process_that_reports_is_not_forgotten(replicas: ReplicaStore) -> None:
    """Only a process that has not moved since it was looked at is removed."""
    await replicas.report(replace(ONE, beat=2))
    await replicas.forget(ONE)
    assert [replace(ONE, beat=2)] == list(await replicas.all())

    await replicas.forget(replace(ONE, beat=2))
    assert [] == list(await replicas.all())


async def test_a_key_is_agreed_on_once(replicas: ReplicaStore) -> None:
    """Of many who agree at the same time one is right, and only from what was agreed on before."""
    assert await replicas.sealing_key() is None
    first = await asyncio.gather(*(replicas.agree(f"k{number}", replacing=None) for number in range(10)))
    agreed = f"k{first.index(True)}"
    assert 1 == sum(first)
    assert agreed == await replicas.sealing_key()

    assert not await replicas.agree("k99", replacing="k77")
    assert await replicas.agree("k99", replacing=agreed)
    assert "k99" == await replicas.sealing_key()
