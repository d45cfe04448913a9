"""Which further fault run the check of a commit plays: drawn by the commit, so that a repeat plays the same again."""

import hashlib
from typing import Final

DRAWABLE: Final = ("clock_jumps", "duplicates", "ingress_kill", "mutations", "rebalance", "throttled")
"""Runs that end within six minutes on two cores and whose verdict hangs on counts alone.

What holds a time or a ratio of times to a bound is not among them, for a busy machine is no quiet one: `broker_away`,
`database_away`, `oauth_away`, `poison`, `replay`, `rolling_restart`, `slow_clients`, `chert_gave_up`, `tokens`,
`uninstall_lost`. `send_once`, `timeline_kill` and `install_interleavings` take longer, `card_sends` needs Chromium, and
`hostile_signatures` keeps two cores so busy that the ingress rightly answers 503."""


def draw(commit: str) -> str:
    """The run for a commit's hash, or for any text."""
    return DRAWABLE[int.from_bytes(hashlib.sha256(commit.encode()).digest()) % len(DRAWABLE)]
