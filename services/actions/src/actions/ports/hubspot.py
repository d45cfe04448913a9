"""HubSpot."""

from typing import Protocol

from actions.models import SignedRequest


class Verifier(Protocol):
    """HubSpot's signature."""

    def verify(self, request: SignedRequest) -> None:
        """Return if HubSpot signed this request just now.

        Raises:
            UnauthenticRequestError: it did not.
            NotLoadedError: the client secret is not loaded.
        """
        ...
