"""In-memory versions of the ports."""

from webhooks.errors import UnauthenticDeliveryError
from webhooks.models import Delivery


class TrustingVerifier:
    """Believes everybody, or nobody for a given reason."""

    def __init__(self, refuse: str | None = None) -> None:
        self._refuse = refuse

    def verify(self, delivery: Delivery) -> None:
        """Return, or refuse for the given reason.

        Raises:
            UnauthenticDeliveryError: a reason was given.
        """
        del delivery
        if self._refuse is not None:
            raise UnauthenticDeliveryError(self._refuse)
