"""Telling two cancellations apart: ours, which must go on up, and a stray one that must not end a loop."""

import asyncio


def is_asked_for() -> bool:
    """Whether someone cancelled the running task; else the error came from other work that it awaited."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
