"""Tokens of forms (OWASP's HMAC pattern against request forgery): bound to the session, so nothing is stored."""

import hashlib
import hmac
from collections.abc import Callable, Sequence

from pydantic import SecretStr

from oauth.errors import FormTokenError


class HmacFormTokens:
    """Form tokens; two secrets are valid while they are rotated.

    Args:
        secrets: asked each time; the first one issues.
    """

    def __init__(self, secrets: Callable[[], Sequence[SecretStr]]) -> None:
        self._secrets = secrets

    def issue(self, session_token: str) -> str:
        """The token for a page's forms."""
        return _token(self._secrets()[0], session_token)

    def check(self, session_token: str, given: str | None) -> None:
        """Return if a form's token is of this session.

        Raises:
            FormTokenError: it is not, or there is none.
        """
        offered = (given or "").encode()
        valid = [hmac.compare_digest(_token(secret, session_token).encode(), offered) for secret in self._secrets()]
        if not any(valid):
            raise FormTokenError


def _token(secret: SecretStr, session_token: str) -> str:
    key = hashlib.sha256(b"form token:" + secret.get_secret_value().encode()).digest()
    return hmac.new(key, session_token.encode(), hashlib.sha256).hexdigest()
