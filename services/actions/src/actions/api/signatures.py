"""Turning away what HubSpot did not sign, on routes where a 4xx is an answer (not the workflow's, see `workflow`)."""

from typing import Final

from actions.errors import UnauthenticRequestError
from actions.models import SignedRequest
from actions.ports import Verifier
from chassis.failures import Refusal
from chassis.logging import get_log
from chassis.metrics import Metrics
from contracts.failures import Code

LOG = get_log()

_CODES: Final = {
    "missing_signature": Code.NO_CREDENTIALS,
    "missing_timestamp": Code.NO_CREDENTIALS,
    "stale": Code.TIMESTAMP_SKEW,
}


def authenticate(request: SignedRequest, verifier: Verifier, metrics: Metrics, *, route: str) -> None:
    """Return if HubSpot signed this request just now.

    Raises:
        Refusal: 401; 2012 without a signature, 2013 outside the time window, 2004 otherwise.
        NotLoadedError: the client secret is not loaded.
    """
    try:
        verifier.verify(request)
    except UnauthenticRequestError as error:
        metrics.count("deliveries", route=route, outcome="unauthentic")
        LOG.warning("delivery.refused", route=route, reason=error.reason)
        code = _CODES.get(error.reason, Code.BAD_SIGNATURE)
        raise Refusal(code, "the signature does not hold", reason=error.reason) from None
