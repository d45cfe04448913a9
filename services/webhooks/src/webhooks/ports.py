"""What the handlers need from outside."""

from collections.abc import Callable
from typing import Protocol

from pydantic import SecretStr

from webhooks.models import Delivery


class Verifier(Protocol):
    """Knows whether a delivery comes from whom it says."""

    def verify(self, delivery: Delivery) -> None:
        """Return if it does.

        Raises:
            UnauthenticDeliveryError: it does not, and why.
            chassis.settings.NotLoadedError: the secrets are not loaded; nothing can be said.
        """
        ...


Secrets = Callable[[], tuple[SecretStr, ...]]
"""The secrets in force now, current first; raises `chassis.settings.NotLoadedError` while there are none."""
