"""Every way in which a delivery is refused, as a table: error, code, words, outcome."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from chassis.clock import Clock
from chassis.edge import MAX_BODY_BYTES
from chassis.logging import get_log
from chassis.settings import NotLoadedError
from chassis.tracing import Trace
from contracts.failures import Code
from webhooks.api.answers import Answer, failure
from webhooks.api.bodies import BodyTooLargeError
from webhooks.errors import NotStoredError, OverloadedError, UnauthenticDeliveryError, UnreadableDeliveryError

LOG = get_log()

LOG_SECONDS: Final = 1.0
"""Between two lines about trouble of our own."""

_UNAUTHENTIC: Final[Mapping[str, Code]] = {
    "missing_signature": Code.NO_CREDENTIALS,
    "missing_timestamp": Code.NO_CREDENTIALS,
    "stale": Code.TIMESTAMP_SKEW,
}


class MethodError(Exception):
    """The routes take POST alone."""


class EncodingError(Exception):
    """The body is compressed: a few bytes could become very many, and nobody who signs does that."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What a refusal says.

    Attributes:
        code: in the registry.
        error: stable words.
        outcome: in the metric.
        reason: in the log, and where `tell_reason` is set in the answer.
        status: where it is not the registry's.
        headers: beside the usual ones.
        ours: whether the trouble is our own; then there may be thousands a second, and one line tells of many.
    """

    code: Code
    error: str
    outcome: str
    reason: str
    tell_reason: bool = False
    status: int | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()
    ours: bool = False

    def answer(self, trace: Trace) -> Answer:
        """The answer."""
        return failure(
            self.code,
            self.error,
            trace,
            status=self.status,
            reason=self.reason if self.tell_reason else None,
            headers=self.headers,
        )


def _unauthentic(error: Exception) -> Refused:
    reason = error.reason if isinstance(error, UnauthenticDeliveryError) else ""
    code = _UNAUTHENTIC.get(reason, Code.BAD_SIGNATURE)
    return Refused(code, "the signature does not hold", "unauthentic", reason, tell_reason=True)


def _unreadable(error: Exception) -> Refused:
    broken = isinstance(error, UnreadableDeliveryError) and error.broken_json
    return Refused(Code.INVALID_JSON if broken else Code.INVALID_FIELD, str(error), "unreadable", str(error))


def _unavailable(what: str, outcome: str) -> Callable[[Exception], Refused]:
    refused = Refused(Code.UNAVAILABLE, f"{what} is not available right now", outcome, outcome, ours=True)
    return lambda _: refused


REFUSALS: Final[Mapping[type[Exception], Callable[[Exception], Refused]]] = {
    UnauthenticDeliveryError: _unauthentic,
    UnreadableDeliveryError: _unreadable,
    NotLoadedError: _unavailable("the configuration", "not_configured"),
    NotStoredError: _unavailable("storage", "not_stored"),
    OverloadedError: _unavailable("capacity", "overloaded"),
    BodyTooLargeError: lambda _: Refused(
        Code.INVALID_FIELD, f"body is over {MAX_BODY_BYTES} bytes", "too_large", "too_large", status=413
    ),
    EncodingError: lambda _: Refused(
        Code.INVALID_FIELD, "a compressed body is not taken", "compressed", "compressed", status=415
    ),
    MethodError: lambda _: Refused(
        Code.NOT_SUPPORTED, "method not allowed", "method", "method", status=405, headers=((b"allow", b"POST"),)
    ),
}
"""By the error's own class."""


class RefusalLog:
    """One line for each refused sender; of trouble that is our own, one line a second, with how many it tells of."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._untold: Counter[str] = Counter()
        self._told_at: dict[str, float] = {}

    def tell(self, route: str, refused: Refused, trace: Trace) -> None:
        """Write a line, or count it for the next."""
        if not refused.ours:
            LOG.warning("delivery.refused", route=route, reason=refused.reason, trace_id=trace.trace_id.decode())
            return
        self._untold[refused.reason] += 1
        now = self._clock.monotonic()
        if now - self._told_at.get(refused.reason, -LOG_SECONDS) >= LOG_SECONDS:
            self._told_at[refused.reason] = now
            count = self._untold.pop(refused.reason)
            LOG.warning(
                "delivery.refused",
                route=route,
                reason=refused.reason,
                deliveries=count,
                trace_id=trace.trace_id.decode(),
            )
