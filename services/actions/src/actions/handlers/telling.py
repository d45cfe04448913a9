"""The canonical line and the count of each answered request, whatever asked for it."""

from actions.errors import NeverSentError, PostponedError
from actions.models import Accepted, Answer, SendRequest
from chassis.logging import get_log
from chassis.metrics import Metrics

LOG = get_log()


class Teller:
    """Tells what became of requests."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def answered(self, request: SendRequest, answer: Answer) -> None:
        """A final answer was given, now or again."""
        outcome = answer.outcome
        if answer.duplicate:
            self._count(request, "repeated")
            LOG.info("send.repeated", **_of(request), outcome=outcome.kind)
        elif isinstance(outcome, Accepted):
            self._count(request, "accepted")
            LOG.info("send.accepted", **_of(request), message_id=outcome.message_id, lead_id=outcome.lead_id)
        else:
            self._count(request, "refused")
            LOG.info("send.refused", **_of(request), failure_code=outcome.code)

    def never_sent(self, request: SendRequest, error: NeverSentError) -> None:
        """A final answer was given that is not recorded with any send."""
        self._count(request, "refused")
        LOG.warning("send.refused", **_of(request), reason=type(error).__name__)

    def postponed(self, request: SendRequest, error: PostponedError) -> None:
        """Nothing final is known; the same request may come again."""
        self._count(request, "postponed")
        LOG.warning("send.postponed", **_of(request), reason=type(error).__name__, failure_code=error.code)

    def _count(self, request: SendRequest, outcome: str) -> None:
        self._metrics.count("sends", source=request.source, outcome=outcome)


def _of(request: SendRequest) -> dict[str, object]:
    return {
        "claim": request.key,
        "portal_id": request.portal_id,
        "contact_id": request.contact.id,
        "source": request.source,
    }
