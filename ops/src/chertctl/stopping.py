"""Stopping a verb: Ctrl-C or SIGTERM ends its work where it waits next, and the audit is told how far it came."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Self

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

_OF_A_SIGNAL: Final = 128
"""What shells add to a signal's number where they make an exit code of it."""


class StoppedError(Exception):
    """A signal ended the work, and everything that had begun is told.

    Attributes:
        exit_code: 130 after Ctrl-C, 143 after SIGTERM.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"Stopped by {signal.Signals(number).name}.")
        self.exit_code = _OF_A_SIGNAL + number


class Stop:
    """Cancels the task that it was made in when a signal comes."""

    def __init__(self, task: "asyncio.Task[object]") -> None:
        self._task = task
        self.number: int | None = None

    @classmethod
    def of_this_task(cls) -> Self:
        """For the task that is at work now."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - called by a coroutine
        return cls(task)

    def __call__(self, number: int) -> None:
        """A signal came; one that comes again does not cut off what is told about the first."""
        if self.number is None:
            self.number = number
            self._task.cancel()


@contextmanager
def stoppable() -> Iterator[None]:
    """Let signals end what is done here.

    Raises:
        StoppedError: one did.
    """
    loop, stop = asyncio.get_running_loop(), Stop.of_this_task()
    for number in SIGNALS:
        loop.add_signal_handler(number, stop, number)
    try:
        yield
    except asyncio.CancelledError:
        if stop.number is None:
            raise
        raise StoppedError(stop.number) from None
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


@contextmanager
def at_once() -> Iterator[None]:
    """Let signals end the process where it stands: while a person is asked nothing is under way."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
