"""The browser's side: sessions, states that it carries, forms."""

from datetime import datetime
from typing import Protocol

from oauth.models import Session


class SessionVerifier(Protocol):
    """Tells who a session token belongs to."""

    async def verify(self, token: str) -> Session:
        """The session of a token.

        Raises:
            SessionInvalidError: forged, expired, or meant for someone else.
            SessionKeysAwayError: it cannot be verified now.
        """
        ...


class StateSigner(Protocol):
    """Signs the states that a browser carries."""

    def sign(self, state: str, expires_at: datetime) -> str:
        """A cookie value that says the state is ours until then."""
        ...

    def read(self, value: str, now: datetime) -> str | None:
        """The state that a cookie value carries; none unless it is signed by us and has not expired."""
        ...


class FormTokens(Protocol):
    """Tokens that prove a form to be ours and of this very session."""

    def issue(self, session_token: str) -> str:
        """The token for a page's forms."""
        ...

    def check(self, session_token: str, given: str | None) -> None:
        """Return if a form's token is of this session.

        Raises:
            FormTokenError: it is not, or there is none.
        """
        ...
