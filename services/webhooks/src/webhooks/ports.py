"""What the handlers need from outside."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from pydantic import SecretStr

from webhooks.errors import NotStoredError
from webhooks.models.deliveries import Delivery, Record, Taken


class Verifier(Protocol):
    """Knows whether a delivery comes from whom it says."""

    def verify(self, delivery: Delivery) -> None:
        """Return if it does.

        Raises:
            UnauthenticDeliveryError: it does not, and why.
            chassis.settings.NotLoadedError: the secrets are not loaded; nothing can be said.
        """
        ...


Stored = Callable[[bool], None]
"""Told once whether records are durable."""


class Publisher(Protocol):
    """Makes records durable."""

    def publish(self, records: Sequence[Record], stored: Stored) -> None:
        """Call `stored` with true once every in-sync replica has every record.

        With false if that could not be learned in time; some or all may still be written.

        Raises:
            NotStoredError: there is no use in trying now; nothing was written.
        """
        ...


class Admission(Protocol):
    """Bounds what is in flight."""

    def enter(self, owners: Collection[bytes], size: int) -> None:
        """Count a delivery of so many bytes in these owners' names.

        Raises:
            OverloadedError: it is one too many.
        """
        ...

    def leave(self, owners: Collection[bytes], size: int) -> None:
        """Count it no more."""
        ...


Secrets = Callable[[], tuple[SecretStr, ...]]
"""The secrets in force now, current first; raises `chassis.settings.NotLoadedError` while there are none."""

TenantSecrets = Callable[[], Mapping[str, tuple[SecretStr, ...]]]
"""Secrets of tenants that have a webhook subscription of their own, by Chert tenant."""

Done = Callable[[Taken | NotStoredError], None]
"""Told once what became of a delivery."""
