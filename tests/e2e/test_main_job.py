"""The main job, from the console login to the refusal after an uninstall."""

import pytest

from harness.walk import Walk

pytestmark = pytest.mark.e2e


async def test_a_reply_travels_the_whole_way(walk: Walk) -> None:
    """Connect, send, reply, timeline, repeat, uninstall: every step holds, and each effect happens once."""
    journal = await walk.all_steps()

    assert 6 == len(journal.seconds)
    assert "unknown or inactive tenant" == journal.ids["refused"]
