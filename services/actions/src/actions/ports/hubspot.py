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

    def verify_v2(self, request: SignedRequest) -> None:
        """Return if HubSpot signed this request, at any time, by its older signature.

        Raises:
            UnauthenticRequestError: it did not.
            NotLoadedError: the client secret is not loaded.
        """
        ...


class NewerSignatures(Protocol):
    """Accounts that have sent a valid v3; each method raises `StoreAwayError` while the database does not answer."""

    async def remember(self, portal_id: int) -> None:
        """This account has."""
        ...

    async def knows(self, portal_id: int) -> bool:
        """Whether this account has."""
        ...
