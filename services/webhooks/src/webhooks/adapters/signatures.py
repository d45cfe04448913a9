"""Verifying signatures with the client libraries, and secrets from a re-read file."""

from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

import msgspec
from pydantic import SecretStr

from chassis.clock import Clock
from chassis.settings import NotLoadedError
from chert_client import signatures as chert
from hubspot_client import signatures as hubspot
from webhooks.errors import UnauthenticDeliveryError
from webhooks.models.deliveries import Delivery
from webhooks.ports import Secrets, TenantSecrets

V = TypeVar("V")

_V3: Final = hubspot.SIGNATURE_V3_HEADER.encode()
_TIMESTAMP: Final = hubspot.TIMESTAMP_HEADER.encode()
_CHERT: Final = chert.SIGNATURE_HEADER.encode()
_CHERT_LEGACY: Final = chert.LEGACY_SIGNATURE_HEADER.encode()


class _Current(Generic[V]):
    """What is prepared from the secrets in force, made anew when they change."""

    def __init__(self, secrets: Secrets, prepare: Callable[[Sequence[bytes]], V]) -> None:
        self._secrets, self._prepare = secrets, prepare
        self._loaded: tuple[SecretStr, ...] = ()
        self._prepared: V | None = None

    def get(self) -> V:
        """The present one.

        Raises:
            NotLoadedError: no secret is loaded.
        """
        secrets = self._secrets()
        if self._prepared is None or secrets is not self._loaded:
            self._loaded, self._prepared = secrets, self._prepare(_bytes(secrets))
        return self._prepared


class HubSpotVerifier:
    """HubSpot's signature v3 (hubspot-contract.md, section 2)."""

    def __init__(self, secrets: Secrets, clock: Clock) -> None:
        self._current = _Current(secrets, hubspot.SignatureVerifier)
        self._clock = clock

    def verify(self, delivery: Delivery) -> None:
        """Return if HubSpot signed this request, at most five minutes ago.

        Raises:
            UnauthenticDeliveryError: it did not.
            NotLoadedError: the client secret is not loaded.
        """
        verifier = self._current.get()
        try:
            verifier.verify_v3(
                delivery.method,
                delivery.url,
                delivery.body,
                delivery.headers.get(_V3),
                delivery.headers.get(_TIMESTAMP),
                int(self._clock.timestamp() * 1000),
            )
        except hubspot.SignatureRejectedError as error:
            raise UnauthenticDeliveryError(error.reason) from None


class _Owner(msgspec.Struct):
    """Whose webhook it says it is, in either form; read before it is verified, so believed only if that succeeds."""

    partner_id: str | None = None
    payload: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class ChertVerifier:
    """The signature of Chert's webhooks, both header forms (chert-contract.md, section 4.3).

    The platform's subscription signs for every tenant. A tenant with a subscription of its own may sign with that
    secret too, for itself alone.
    """

    def __init__(self, secrets: Secrets, tenant_secrets: TenantSecrets, clock: Clock) -> None:
        self._current = _Current(secrets, chert.WebhookVerifier)
        self._tenant_secrets, self._clock = tenant_secrets, clock

    def verify(self, delivery: Delivery) -> None:
        """Return if Chert signed this body, at most five minutes ago.

        Raises:
            UnauthenticDeliveryError: it did not.
            NotLoadedError: the subscription's secret is not loaded.
        """
        given = delivery.headers.get(_CHERT) or delivery.headers.get(_CHERT_LEGACY)
        seconds = int(self._clock.timestamp())
        try:
            self._current.get().verify(delivery.body, given, seconds)
        except chert.SignatureRejectedError as error:
            if error.reason is not chert.RejectionReason.BAD_SIGNATURE:
                raise UnauthenticDeliveryError(error.reason) from None
            self._verify_as_tenant(delivery.body, given, seconds)

    def _verify_as_tenant(self, body: bytes, given: bytes | None, seconds: int) -> None:
        secrets = self._tenant_secrets()
        own = secrets.get(_owner_of(body) or "", ()) if secrets else ()
        if not own:
            raise UnauthenticDeliveryError(chert.RejectionReason.BAD_SIGNATURE)
        try:
            chert.WebhookVerifier(_bytes(own)).verify(body, given, seconds)
        except chert.SignatureRejectedError as error:
            raise UnauthenticDeliveryError(error.reason) from None


def _owner_of(body: bytes) -> str | None:
    """The one tenant that a webhook names; none if it names another one inside, which would be somebody else's."""
    try:
        outer = msgspec.json.decode(body, type=_Owner)
        inner = outer
        if not isinstance(outer.payload, msgspec.UnsetType):
            inner = msgspec.json.decode(outer.payload, type=_Owner)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    named = {owner.partner_id for owner in (outer, inner)} - {None}
    return named.pop() if len(named) == 1 else None


def _bytes(secrets: Sequence[SecretStr]) -> list[bytes]:
    if not secrets:
        raise NotLoadedError("no secret is configured")
    return [secret.get_secret_value().encode() for secret in secrets]
