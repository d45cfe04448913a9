"""HubSpot's signatures, checked with the client library and secrets from a re-read file."""

from collections.abc import Callable

from pydantic import SecretStr

from actions.errors import UnauthenticRequestError
from actions.models import SignedRequest
from chassis.clock import Clock, milliseconds
from hubspot_client.signatures import (
    SIGNATURE_HEADER,
    SIGNATURE_V3_HEADER,
    TIMESTAMP_HEADER,
    SignatureRejectedError,
    SignatureVerifier,
)

Secrets = Callable[[], tuple[SecretStr, ...]]
"""The app's client secrets, current first; raises `NotLoadedError` before they are read."""


class HubSpotVerifier:
    """Signature v3 over the raw bytes and the URL that the outside calls (hubspot-contract.md, section 2)."""

    def __init__(self, public_base_url: str, secrets: Secrets, clock: Clock) -> None:
        self._base, self._secrets, self._clock = public_base_url.rstrip("/").encode(), secrets, clock
        self._loaded: tuple[SecretStr, ...] = ()
        self._verifier: SignatureVerifier | None = None

    def verify(self, request: SignedRequest) -> None:
        """Return if HubSpot signed this request, at most five minutes from now.

        Raises:
            UnauthenticRequestError: it did not.
            NotLoadedError: the client secret is not loaded.
        """
        try:
            self._current().verify_v3(
                request.method,
                self._base + request.target,
                request.body,
                request.headers.get(SIGNATURE_V3_HEADER),
                request.headers.get(TIMESTAMP_HEADER),
                milliseconds(self._clock.now()),
            )
        except SignatureRejectedError as error:
            raise UnauthenticRequestError(error.reason) from None

    def verify_v2(self, request: SignedRequest) -> None:
        """Return if HubSpot signed this request, at any time, by its older signature.

        Raises:
            UnauthenticRequestError: it did not.
            NotLoadedError: the client secret is not loaded.
        """
        try:
            self._current().verify_v2(
                request.method, self._base + request.target, request.body, request.headers.get(SIGNATURE_HEADER)
            )
        except SignatureRejectedError as error:
            raise UnauthenticRequestError(error.reason) from None

    def _current(self) -> SignatureVerifier:
        secrets = self._secrets()
        if self._verifier is None or secrets != self._loaded:
            keys = [secret.get_secret_value().encode() for secret in secrets]
            self._loaded, self._verifier = secrets, SignatureVerifier(keys)
        return self._verifier
