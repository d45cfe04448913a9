"""Whether a program answers over HTTP that it is ready."""

from functools import cache
from typing import Final

import httpx2

_LOOK_SECONDS: Final = 2.0


def answers_ok(url: str) -> bool:
    """Whether this address answers with success."""
    try:
        return _looks().get(url).is_success
    except httpx2.TransportError:
        return False


@cache
def _looks() -> httpx2.Client:
    """One for the whole process: each would load the certificates of all authorities, some 40 ms, to speak plain HTTP.

    It keeps no connection, since what answered before may have been killed and started anew.
    """
    limits = httpx2.Limits(max_keepalive_connections=0)
    return httpx2.Client(timeout=_LOOK_SECONDS, limits=limits, trust_env=False)
