"""Moments as text (RFC 3339): from milliseconds since the epoch, as HubSpot counts, without a date for each.

Events of one delivery happened close together, so the text of a second is made once and remembered.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TO_SECONDS: Final = len("1970-01-01T00:00:00")
_REMEMBERED: Final = 1024
_FRACTIONS: Final = tuple(f".{milliseconds:03d}Z" for milliseconds in range(1000))


def moment(milliseconds: int) -> str:
    """The moment so many milliseconds after the epoch, whole, so no float on the way.

    Raises:
        OverflowError: it lies before the year 1 or after 9999.
    """
    return _second(milliseconds // 1000) + _FRACTIONS[milliseconds % 1000]


@lru_cache(maxsize=_REMEMBERED)
def _second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()[:_TO_SECONDS]
