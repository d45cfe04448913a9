"""What both senders' deliveries go through once they are understood."""

from collections.abc import Collection, Sequence

from chassis.logging import get_log
from webhooks.models.deliveries import Ignored, Receipt, Record, Rejected, Understood
from webhooks.ports import Admission, Publisher

LOG = get_log()


async def tell(
    understood: Sequence[Understood], owners: Collection[str], size: int, *, publisher: Publisher, admission: Admission
) -> Receipt:
    """Make all events of a delivery durable together, and count.

    Raises:
        OverloadedError: too much is in flight, of everybody's or of these owners'.
        NotStoredError: not every event is known to be durable; the sender must try again.
    """
    records = [one if isinstance(one, Record) else one.record for one in understood if not isinstance(one, Ignored)]
    if records:
        with admission.holding(owners, size):
            await publisher.publish(records)
    rejected = [one for one in understood if isinstance(one, Rejected)]
    for one in rejected:
        LOG.warning("delivery.rejected", event_id=_id_of(one.record), owner=one.record.key.decode(), reason=one.reason)
    return Receipt(len(records) - len(rejected), len(rejected), len(understood) - len(records))


def _id_of(record: Record) -> str:
    return dict(record.headers)["ce_id"].decode()
