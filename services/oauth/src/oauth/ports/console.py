"""The browser's side: sessions, states that it carries, forms."""

from datetime import datetime
from typing import Protocol

from oauth.models import InstallState, Session


class SessionVerifier(Protocol):
    """Tells who a session token belongs to."""

    async def verify(self, token: str) -> Session:
        """The session of a token.

        Raises:
            SessionInvalidError: forged, expired, or meant for someone else.
            SessionKeysAwayError: it cannot be verified now.
        """
        ...


class StateSealer(Protocol):
    """Seals the installs under way that a browser carries."""

    def seal(self, begun: InstallState) -> str:
        """A cookie value that nobody else can make, change or read."""
        ...

    def open(self, value: str, now: datetime) -> InstallState | None:
        """The install that a cookie value carries; none unless it was sealed by us and has not expired."""
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
