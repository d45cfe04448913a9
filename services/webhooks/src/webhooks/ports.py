"""What the handlers need from outside."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from pydantic import SecretStr

from webhooks.models.deliveries import Delivery, Record


class Verifier(Protocol):
    """Knows whether a delivery comes from whom it says."""

    def verify(self, delivery: Delivery) -> None:
        """Return if it does.

        Raises:
            UnauthenticDeliveryError: it does not, and why.
            chassis.settings.NotLoadedError: the secrets are not loaded; nothing can be said.
        """
        ...


class Publisher(Protocol):
    """Makes records durable."""

    async def publish(self, records: Sequence[Record]) -> None:
        """Return once every in-sync replica has every record.

        Raises:
            NotStoredError: that could not be learned in time; some or all may still be written.
        """
        ...


class Admission(Protocol):
    """Bounds what is in flight."""

    def holding(self, owners: Collection[str], size: int) -> AbstractContextManager[None]:
        """Count a delivery of so many bytes in these owners' names for as long as the block lasts.

        Raises:
            OverloadedError: it is one too many.
        """
        ...


Secrets = Callable[[], tuple[SecretStr, ...]]
"""The secrets in force now, current first; raises `chassis.settings.NotLoadedError` while there are none."""

TenantSecrets = Callable[[], Mapping[str, tuple[SecretStr, ...]]]
"""Secrets of tenants that have a webhook subscription of their own, by Chert tenant."""
