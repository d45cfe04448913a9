"""Bodies on their way in: not too much of one, and not too much of all that are unfinished.

How long a body may take is the server's business (`chassis.server`): it closes a connection that dawdles.
"""

from typing import Final

from chassis.edge import MAX_BODY_BYTES
from webhooks.errors import OverloadedError

MAX_PARTIAL_BYTES: Final = 8 * 1024 * 1024
"""Of all bodies that have begun and not ended. A body that comes in one piece, as nearly all do, is not among them, so
clients that dawdle with large bodies cannot take the room of those that do not."""


class BodyTooLargeError(Exception):
    """A body is over 1 MiB."""


class PartialBytes:
    """How much of unfinished bodies is held, of all clients together."""

    def __init__(self, most: int = MAX_PARTIAL_BYTES) -> None:
        self._most = most
        self.held = 0

    def hold(self, size: int) -> None:
        """Count so much more.

        Raises:
            OverloadedError: it is too much.
        """
        if self.held + size > self._most:
            raise OverloadedError
        self.held += size

    def release(self, size: int) -> None:
        """Count so much less."""
        self.held -= size


class Body:
    """One body that grows.

    Attributes:
        content: what has come so far.
    """

    __slots__ = ("_held", "_length", "_partial", "content")

    def __init__(self, partial: PartialBytes, length: bytes | None) -> None:
        """Begin; `length` is the header `Content-Length`."""
        self._partial, self._held, self._length = partial, 0, length
        self.content: bytes | bytearray = b""

    def add(self, piece: bytes) -> None:
        """Take a piece in.

        Raises:
            BodyTooLargeError: it is over 1 MiB.
            OverloadedError: too much of unfinished bodies is held.
        """
        size = len(self.content) + len(piece)
        if size > MAX_BODY_BYTES:
            raise BodyTooLargeError
        if not self.content and self._length == b"%d" % size:
            self.content = piece  # in one piece: nothing to copy, and nothing to hold
            return
        self._partial.hold(len(piece))
        self._held += len(piece)
        if not isinstance(self.content, bytearray):
            self.content = bytearray(self.content)
        self.content += piece

    def end(self) -> bytes:
        """The whole body, which is held no more; also to be called when it will never be whole."""
        if self._held:
            self._partial.release(self._held)
            self._held = 0
        return bytes(self.content)
