"""What a long run says of itself."""

import io

from rich.console import Console

from harness.progress import EVERY_SECONDS, Progress


def told(*steps: tuple[float, float]) -> list[str]:
    """What is said of 100 replies, 20 of which are done at first, when so many are done after so many seconds."""
    moments, text = iter([0.0, *(seconds for seconds, _ in steps)]), io.StringIO()
    progress = Progress(Console(file=text), "replies", 100, begun=20, monotonic=lambda: next(moments))
    for _, done in steps:
        progress.at(done)
    return text.getvalue().splitlines()


def test_what_is_left_goes_by_what_went_before() -> None:
    """20 done in ten seconds leave the other 60 another thirty; what was done before counts for nothing."""
    assert ["replies: 40 of 100, about 30 s left"] == told((EVERY_SECONDS, 40))


def test_a_run_says_little() -> None:
    """One line every ten seconds, and no guess while nothing is done."""
    said = told((1.0, 20), (10.0, 20), (15.0, 30), (20.0, 60))

    assert ["replies: 20 of 100, nothing yet", "replies: 60 of 100, about 20 s left"] == said
