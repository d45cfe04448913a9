"""Verifying signatures with the client libraries, and secrets from a re-read file."""

from collections.abc import Sequence

from pydantic import SecretStr

from chassis.clock import Clock, milliseconds
from chassis.settings import NotLoadedError
from chert_client import signatures as chert
from hubspot_client import signatures as hubspot
from webhooks.errors import UnauthenticDeliveryError
from webhooks.models import Delivery
from webhooks.ports import Secrets


class HubSpotVerifier:
    """HubSpot's signature v3 (hubspot-contract.md, section 2)."""

    def __init__(self, secrets: Secrets, clock: Clock) -> None:
        self._secrets, self._clock = secrets, clock
        self._loaded: tuple[SecretStr, ...] = ()
        self._verifier: hubspot.SignatureVerifier | None = None

    def verify(self, delivery: Delivery) -> None:
        """Return if HubSpot signed this request, at most five minutes ago.

        Raises:
            UnauthenticDeliveryError: it did not.
            NotLoadedError: the client secret is not loaded.
        """
        try:
            self._current().verify_v3(
                delivery.method,
                delivery.url,
                delivery.body,
                delivery.headers.get(hubspot.SIGNATURE_V3_HEADER),
                delivery.headers.get(hubspot.TIMESTAMP_HEADER),
                milliseconds(self._clock.now()),
            )
        except hubspot.SignatureRejectedError as error:
            raise UnauthenticDeliveryError(error.reason) from None

    def _current(self) -> hubspot.SignatureVerifier:
        secrets = self._secrets()
        if self._verifier is None or secrets != self._loaded:
            self._loaded, self._verifier = secrets, hubspot.SignatureVerifier(_bytes(secrets))
        return self._verifier


class ChertVerifier:
    """The signature of Chert's webhooks, both header forms (chert-contract.md, section 4.3)."""

    def __init__(self, secrets: Secrets, clock: Clock) -> None:
        self._secrets, self._clock = secrets, clock

    def verify(self, delivery: Delivery) -> None:
        """Return if Chert signed this body, at most five minutes ago.

        Raises:
            UnauthenticDeliveryError: it did not.
            NotLoadedError: the subscription's secret is not loaded.
        """
        given = delivery.headers.get(chert.SIGNATURE_HEADER) or delivery.headers.get(chert.LEGACY_SIGNATURE_HEADER)
        seconds = int(self._clock.now().timestamp())
        try:
            chert.WebhookVerifier(_bytes(self._secrets())).verify(delivery.body, given, seconds)
        except chert.SignatureRejectedError as error:
            raise UnauthenticDeliveryError(error.reason) from None


def _bytes(secrets: Sequence[SecretStr]) -> list[bytes]:
    if not secrets:
        raise NotLoadedError("no secret is configured")
    return [secret.get_secret_value().encode() for secret in secrets]
