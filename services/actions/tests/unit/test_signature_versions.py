"""HubSpot's older signature: off by default, and refused for good once an account has sent the newer one."""

import pytest

from actions.adapters.in_memory import InMemoryNewerSignatures
from actions.errors import UnauthenticRequestError
from actions.handlers.signature_versions import SignatureVersions

PORTAL_ID = 62515


async def test_an_account_that_never_sent_v3_may_send_v2() -> None:
    """Where v2 is let in at all, it is let in from whoever knows nothing newer."""
    await SignatureVersions(InMemoryNewerSignatures()).admit(PORTAL_ID, "v2")


async def test_there_is_no_way_back_from_v3() -> None:
    """One valid v3 ends v2 for that account, in this process and in every other, and for nobody else."""
    newer = InMemoryNewerSignatures()
    here, elsewhere = SignatureVersions(newer), SignatureVersions(newer)
    await here.admit(PORTAL_ID, "v3")

    for process in (here, elsewhere):
        with pytest.raises(UnauthenticRequestError, match="v2_after_v3"):
            await process.admit(PORTAL_ID, "v2")
    await here.admit(PORTAL_ID + 1, "v2")


async def test_a_newer_signature_is_written_down_once() -> None:
    """A flood of v3 calls of one account costs one write."""

    class Counting(InMemoryNewerSignatures):
        writes = 0

        async def remember(self, portal_id: int) -> None:
            """Count, and remember."""
            self.writes += 1
            await super().remember(portal_id)

    counting = Counting()
    versions = SignatureVersions(counting)
    for _ in range(10):
        await versions.admit(PORTAL_ID, "v3")

    assert 1 == counting.writes
