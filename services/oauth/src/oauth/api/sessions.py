"""The console session of a request."""

from typing import Annotated, Final

from fastapi import Security
from fastapi.security import APIKeyCookie

from oauth.errors import NoSessionError
from oauth.models import Session
from oauth.ports import SessionVerifier

SESSION_COOKIE: Final = "__Host-chert_session"
"""Set by the console's login."""

SessionToken = Annotated[
    str | None,
    Security(APIKeyCookie(name=SESSION_COOKIE, scheme_name="session", description="The console.", auto_error=False)),
]


async def session_of(token: str | None, verifier: SessionVerifier) -> Session:
    """The session that a token stands for.

    Raises:
        NoSessionError: there is no token.
        SessionInvalidError: it is forged, expired, or meant for someone else.
        SessionKeysAwayError: it cannot be verified now.
    """
    if not token:
        raise NoSessionError
    return await verifier.verify(token)
