"""Who may call the workflow's routes: v3 by default; v2 by a setting, from accounts that never sent v3.

On the action's route a 4xx loses the enrolment for good, so what may be our own fault is 503.
"""

from dataclasses import dataclass
from typing import Final, Literal

from actions.api.answers import postponed, try_again
from actions.errors import PostponedError, UnauthenticRequestError
from actions.handlers.signature_versions import SignatureVersions
from actions.models import SignedRequest
from actions.ports import Verifier
from chassis.failures import Refusal
from chassis.logging import get_log
from chassis.metrics import Metrics
from chassis.settings import NotLoadedError
from contracts.failures import Code

LOG = get_log()

Version = Literal["v2", "v3"]

_V3_HEADER: Final = "x-hubspot-signature-v3"
_VERSION_HEADER: Final = "x-hubspot-signature-version"
_MISSING: Final = frozenset({"missing_signature", "missing_timestamp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowSignatures:
    """Checks the signatures of workflow calls.

    Attributes:
        verifier: HubSpot's signatures.
        versions: which account may use which.
        accept_v2: whether any may use the older one.
        metrics: counts what is turned away.
    """

    verifier: Verifier
    versions: SignatureVersions
    accept_v2: bool
    metrics: Metrics

    def authenticate(self, request: SignedRequest) -> Version:
        """The version by which HubSpot signed this request.

        A request that has a v3 signature stands or falls with it.

        Raises:
            Refusal: 401, or 503 when the fault may be ours.
        """
        older = self.accept_v2 and _V3_HEADER not in request.headers
        try:
            if older and request.headers.get(_VERSION_HEADER) == b"v2":
                self.verifier.verify_v2(request)
                return "v2"
            self.verifier.verify(request)
        except NotLoadedError:
            raise try_again("the configuration is not available right now") from None
        except UnauthenticRequestError as error:
            raise self._turned_away(error) from None
        return "v3"

    async def admit(self, portal_id: int, version: Version) -> None:
        """Return if this account may use this version.

        Raises:
            Refusal: 401, or 503 when that cannot be known now.
        """
        try:
            await self.versions.admit(portal_id, version)
        except UnauthenticRequestError as error:
            raise self._turned_away(error) from None
        except PostponedError as error:
            raise postponed(error) from error

    def _turned_away(self, error: UnauthenticRequestError) -> Refusal:
        """401; but a right signature at the wrong time may be our clock's fault, and HubSpot signs a repeat anew."""
        self.metrics.count("deliveries", route="workflow", outcome="unauthentic")
        LOG.warning("delivery.refused", route="workflow", reason=error.reason)
        if error.reason == "stale":
            return try_again("the timestamp is outside the accepted window", reason=error.reason)
        code = Code.NO_CREDENTIALS if error.reason in _MISSING else Code.BAD_SIGNATURE
        return Refusal(code, "the signature does not hold", reason=error.reason)
