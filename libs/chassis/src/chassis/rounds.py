"""One delivery on its way through the policy: what has to wait, and what no handler should see."""

from aiokafka.structs import TopicPartition

from chassis.dead_letters import Record
from chassis.outcomes import Failure
from chassis.partitions import Delivery, place
from contracts.envelope import ContractError


class Round:
    """One delivery on its way: which partitions have stopped, why, and what is set aside for the held messages."""

    def __init__(self, delivery: Delivery, began: float) -> None:
        self.delivery, self.began = delivery, began
        self.failure: Failure | None = None
        self.broken: list[tuple[Record, ContractError]] = []
        self.aside: list[Record] = []
        self._all_stopped = False
        self._stopped_at: dict[TopicPartition, int] = {}

    def take_broken(self, before: Record | None) -> list[tuple[Record, ContractError]]:
        """Records that break their contract, and why: all, or those before a record in its partition."""
        taken = [(record, error) for record, error in self.broken if _precedes(record, before)]
        self.broken = [(record, error) for record, error in self.broken if not _precedes(record, before)]
        return taken

    def take_aside(self, before: Record | None) -> list[Record]:
        """Records of held owners: all, or those before a record in its partition."""
        taken = [record for record in self.aside if _precedes(record, before)]
        self.aside = [record for record in self.aside if not _precedes(record, before)]
        return taken

    def stop(self, failure: Failure) -> None:
        """Settle nothing more."""
        self._all_stopped, self.failure = True, failure

    def stop_partition(self, record: Record, failure: Failure) -> None:
        """Settle neither this record nor what follows it in its partition: nothing must overtake it."""
        stopped_at = self._stopped_at.setdefault(place(record), record.offset)
        self._stopped_at[place(record)] = min(stopped_at, record.offset)
        self.failure = failure

    def stopped(self, record: Record) -> bool:
        """Whether this record has to wait, or has gone to another member meanwhile."""
        if self._all_stopped or not self.delivery.is_current:
            return True
        stopped_at = self._stopped_at.get(place(record)) if self._stopped_at else None
        return stopped_at is not None and record.offset >= stopped_at


def _precedes(record: Record, before: Record | None) -> bool:
    return before is None or (place(record) == place(before) and record.offset < before.offset)
