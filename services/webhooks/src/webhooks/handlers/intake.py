"""What both senders' deliveries go through once they are understood."""

from collections.abc import Sequence

from chassis.logging import get_log
from webhooks.errors import NotStoredError
from webhooks.models.deliveries import Receipt, Record, Rejected, Taken, Understood
from webhooks.ports import Admission, Done, Publisher

LOG = get_log()


def tell(
    understood: Sequence[Understood], size: int, *, publisher: Publisher, admission: Admission, done: Done
) -> None:
    """Make all events of a delivery of so many bytes durable together, and say what became of them.

    Raises:
        OverloadedError: too much is in flight, of everybody's or of these events' owners'.
        NotStoredError: nothing can be stored now.
    """
    records, owners, rejected, ignored = _sorted(understood)
    taken = Taken(Receipt(len(records) - len(rejected), len(rejected), len(ignored)), ignored)
    if not records:
        done(taken)
        return

    def stored(durable: bool) -> None:  # noqa: FBT001 - it is a `Stored`
        admission.leave(owners, size)
        if durable and rejected:
            _log(rejected)
        done(taken if durable else NotStoredError())

    admission.enter(owners, size)
    try:
        publisher.publish(records, stored)
    except NotStoredError:
        admission.leave(owners, size)
        raise


def _sorted(understood: Sequence[Understood]) -> tuple[list[Record], set[bytes], list[Rejected], list[str]]:
    """Everything to publish, in whose names, and what of it was rejected; what was ignored."""
    records: list[Record] = []
    owners: set[bytes] = set()
    rejected: list[Rejected] = []
    ignored: list[str] = []
    key = b""
    for one in understood:
        if isinstance(one, Record):
            records.append(one)
            if one.key != key:  # most deliveries are of one owner
                key = one.key
                owners.add(key.partition(b":")[0])  # every key begins with the account or the Chert tenant
        elif isinstance(one, Rejected):
            records.append(one.record)
            rejected.append(one)
        else:
            ignored.append(one.type)
    return records, owners, rejected, ignored


def _log(rejected: Sequence[Rejected]) -> None:
    for one in rejected:
        LOG.warning(
            "delivery.rejected", event_id=one.record.event_id.decode(), owner=one.record.key.decode(), reason=one.reason
        )
