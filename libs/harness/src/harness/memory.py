"""What a process and its children hold in memory while something is done to them."""

import contextlib
import threading
from types import TracebackType
from typing import Final, Self

import psutil

from harness.processes import Process

MIB: Final = 1024 * 1024
EVERY_SECONDS: Final = 0.02


class MemoryWatch:
    """Looks at a process all the time while a block runs.

    Attributes:
        before: what it held when the block began, in MiB.
        peak: the most that was seen, in MiB.
    """

    def __init__(self, process: Process) -> None:
        """Watch this process and the children that it has by then."""
        first = psutil.Process(process.pid)
        self._family = [first, *first.children(recursive=True)]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_again_and_again, daemon=True)
        self.before = self.peak = self.now()

    def __enter__(self) -> Self:
        """Itself, looking."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    @property
    def growth(self) -> float:
        """How much more than at the beginning it held at the most, in MiB."""
        return self.peak - self.before

    def now(self) -> float:
        """What it holds, in MiB; nothing once it has ended."""
        held = 0
        for member in self._family:
            with contextlib.suppress(psutil.NoSuchProcess):
                held += member.memory_info().rss
        return held / MIB

    def _look_again_and_again(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            self.peak = max(self.peak, self.now())
