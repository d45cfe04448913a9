"""State cookies: one for each install under way in a browser, so that two tabs do not end each other's."""

import hashlib
from typing import Final

from fastapi import Request, Response

from oauth.handlers.installing import STATE_SECONDS
from oauth.models import InstallState
from oauth.ports import StateSealer

PREFIX: Final = "__Host-chert_hubspot_state_"
"""`__Host-`: the browser takes it from this very host over HTTPS only, for all paths."""

MOST: Final = 8
"""Installs under way that a browser keeps; a cookie is about 430 bytes, and servers take some KiB of headers."""


def carried(request: Request) -> dict[str, str]:
    """All state cookies of a request, by name."""
    return {name: value for name, value in request.cookies.items() if name.startswith(PREFIX)}


def remember(response: Response, request: Request, begun: InstallState, sealer: StateSealer) -> None:
    """Give the browser one more install; beyond the limit, or broken, old ones go."""
    for name in list(carried(request))[: -MOST + 1]:
        _forget(response, name)
    response.set_cookie(
        _name(begun.state),
        sealer.seal(begun),
        max_age=STATE_SECONDS,
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )


def forget(response: Response, state: str) -> None:
    """Take a state away from the browser: it is used up."""
    _forget(response, _name(state))


def _forget(response: Response, name: str) -> None:
    response.raw_headers.append((b"set-cookie", f"{name}{_GONE}".encode("latin-1")))


def _gone() -> str:
    response = Response()
    response.delete_cookie("-", path="/", secure=True, httponly=True, samesite="lax")
    return response.headers["set-cookie"].removeprefix("-")


_GONE: Final = _gone()
"""What follows the name of a cookie that goes; a callback waits for it, and it is always the same."""


def _name(state: str) -> str:
    return PREFIX + hashlib.sha256(state.encode()).hexdigest()[:16]
