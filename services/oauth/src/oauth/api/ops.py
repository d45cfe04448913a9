"""What operators ask; not reachable through the public gateway."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import APIRouter, Depends

from contracts.failures import Failure
from contracts.internal import KeyReport, ReplicaKeys
from oauth.api.internal import Bearer, Credentials, identify_service
from oauth.errors import CredentialInvalidError
from oauth.handlers import key_rotation
from oauth.models import Replica

OPERATOR: Final = "ops"
"""The name of the operators' credential; no service has it, and it opens nothing but these routes."""

ReportKeys = Callable[[], Awaitable[key_rotation.KeyReport]]

_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    401: {"model": Failure, "description": "No operator has this credential"},
    503: {"model": Failure, "description": "Not now"},
}


class OpsRoutes:
    """The operators' addresses."""

    def __init__(self, *, credentials: Credentials, report_keys: ReportKeys) -> None:
        self._credentials, self._report_keys = credentials, report_keys

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/ops", tags=["ops"], dependencies=[Depends(self._only_operators)])
        router.add_api_route("/keys", self.keys, responses=_RESPONSES, summary="Where a key rotation stands")
        return router

    async def keys(self) -> KeyReport:
        """Say which keys are in use, and which may leave the ring."""
        report = await self._report_keys()
        return KeyReport(
            sealing_key=report.sealing_key,
            replicas=tuple(_replica_keys(replica) for replica in report.replicas),
            sealed=dict(report.sealed),
            free=report.free,
        )

    async def _only_operators(self, bearer: Bearer) -> None:
        if identify_service(None if bearer is None else bearer.credentials, self._credentials()) != OPERATOR:
            raise CredentialInvalidError


def _replica_keys(replica: Replica) -> ReplicaKeys:
    return ReplicaKeys(
        id=replica.id,
        keys=tuple(sorted(replica.key_ids)),
        wanted_key=replica.wanted_key,
        sealing_key=replica.sealing_key,
    )
