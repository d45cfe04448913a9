"""How a verb ends: its exit code, and words for the person who called it."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every verb."""

    DONE = 0
    FAILED = 1
    WRONG_CALL = 2
    FOUND = 3
    """It looked for differences or faults, and found some."""


class OperatorError(Exception):
    """A verb cannot go on; the text says why and what to do."""

    exit = Exit.FAILED


class WrongCallError(OperatorError):
    """The verb was called in a way that makes no sense; nothing was done."""

    exit = Exit.WRONG_CALL


class RefusedError(OperatorError):
    """A service refused.

    Attributes:
        code: number in the registry.
        reason: slug, where one code has several causes.
    """

    def __init__(self, words: str, *, code: int, reason: str | None = None) -> None:
        super().__init__(words)
        self.code, self.reason = code, reason


class AwayError(OperatorError):
    """A service or the broker does not answer, or answers that it cannot now; trying again later may help."""
