"""Idempotency keys of the sending routes.

The same key with the same body gets the original answer again; with another body it is refused. How long a key lives is
not published: 24 hours here, unless the control API says otherwise. Only successes are kept, so a failed call can be
repeated under its key.
"""

from collections.abc import Callable
from dataclasses import dataclass

from simulators.chert.errors import ChertError, Code
from simulators.chert.models import JsonObject

LIFETIME_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class _Answered:
    """What was answered under a key, to which body, and when."""

    fingerprint: str
    answer: JsonObject
    at: float


class IdempotencyKeys:
    """The answers given under each tenant's keys, oldest first."""

    def __init__(self) -> None:
        self.lifetime_seconds: float = LIFETIME_SECONDS
        self._answered: dict[tuple[str, str], _Answered] = {}

    def once(
        self, tenant: str, key: str | None, fingerprint: str, now: float, work: Callable[[], JsonObject]
    ) -> JsonObject:
        """Does the work unless this key has an answer already; another fingerprint under the key raises 1012."""
        if key is None:
            return work()
        self._forget_expired(now)
        earlier = self._answered.get((tenant, key))
        if earlier is None:
            answer = work()
            self._answered[tenant, key] = _Answered(fingerprint, answer, now)
            return answer
        if earlier.fingerprint != fingerprint:
            raise ChertError(Code.WRONG_STATE, "This idempotency_key was used with another body")
        return earlier.answer

    def clear(self) -> None:
        """Forgets every key."""
        self._answered.clear()

    def _forget_expired(self, now: float) -> None:
        # Insertion order is time order (but for clock jumps back), so the oldest key comes first.
        while self._answered:
            oldest = next(iter(self._answered))
            if now - self._answered[oldest].at < self.lifetime_seconds:
                return
            del self._answered[oldest]
