"""What the C library does with memory that is free again.

A flush of some hundred events passes through buffers of a megabyte or two: batches, the produce request, what the
socket has not taken yet. Left to itself the library maps such buffers anew each time, or gives them back as soon as
they are free, and the kernel clears every page for the next flush: a seventh of all CPU at a hundred events a delivery.
"""

import ctypes
from typing import Final

_TRIM_THRESHOLD: Final = -1, 8 * 1024 * 1024
"""`M_TRIM_THRESHOLD` of mallopt(3): so much that is free at the heap's end is kept; more is given back."""

_MMAP_THRESHOLD: Final = -3, 4 * 1024 * 1024
"""`M_MMAP_THRESHOLD` of mallopt(3): from this size on a buffer is mapped by itself, and unmapped when it is free."""


def keep_buffers() -> None:
    """Have buffers used again instead of mapped again, up to 8 MiB of them; nothing, where the library is not glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    for parameter, value in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
        mallopt(parameter, value)
