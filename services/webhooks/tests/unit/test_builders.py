"""Which batches are compressed."""

import pytest
from aiokafka.record.memory_records import MemoryRecords

from webhooks.adapters.kafka.builders import WORTH_COMPRESSING, open_builder
from webhooks.models.deliveries import Record, RecordKind

RECORDS = 100
VALUE = b"what events of one delivery have in common"


@pytest.mark.parametrize(("delivered", "compressed"), [(1, False), (WORTH_COMPRESSING - 1, False), (RECORDS, True)])
def test_batches_that_begin_with_a_large_delivery_are_compressed(delivered: int, compressed: bool) -> None:
    """A batch that begins with many records is compressed, another is not, and either reads as it was written."""
    builder = open_builder(delivered)
    builder.take([Record(RecordKind("contact.created", []), b"1", VALUE, b"id", b"now", b"trace")] * RECORDS, now=1)
    written = builder._build()

    batch = MemoryRecords(bytes(written)).next_batch()

    assert compressed == (len(written) < RECORDS * len(VALUE))
    assert [VALUE] * RECORDS == [record.value for record in batch]
