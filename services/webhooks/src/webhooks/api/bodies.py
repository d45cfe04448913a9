"""Reading bodies: not too much of one, and not too much of all that are still on their way.

How long a body may take is the server's business (`chassis.server`): it closes a connection that dawdles.
"""

from typing import Final

from starlette.types import Receive

from chassis.edge import MAX_BODY_BYTES
from webhooks.errors import OverloadedError

MAX_PARTIAL_BYTES: Final = 8 * 1024 * 1024
"""Of all bodies that have begun and not ended. A body that comes in one piece, as nearly all do, is not among them, so
clients that dawdle with large bodies cannot take the room of those that do not."""


class BodyTooLargeError(Exception):
    """A body is over 1 MiB."""


class ClientGoneError(Exception):
    """The client left before its body was whole."""


class Bodies:
    """Reads them, and knows how much of unfinished ones is held."""

    def __init__(self, max_partial_bytes: int = MAX_PARTIAL_BYTES) -> None:
        self._max_partial_bytes = max_partial_bytes
        self._partial = 0

    async def read(self, receive: Receive) -> bytes:
        """A whole body.

        Raises:
            BodyTooLargeError: it is over 1 MiB.
            ClientGoneError: it will never be whole.
            OverloadedError: too much of unfinished bodies is held.
        """
        message = await receive()
        body: bytes = message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLargeError
        if message["type"] == "http.request" and not message.get("more_body"):
            return body
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        return await self._rest(body, receive)

    async def _rest(self, begun: bytes, receive: Receive) -> bytes:
        pieces, size, held = [begun], len(begun), 0
        try:
            while True:
                held += self._hold(len(pieces[-1]))
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGoneError
                pieces.append(message.get("body", b""))
                size += len(pieces[-1])
                if size > MAX_BODY_BYTES:
                    raise BodyTooLargeError
                if not message.get("more_body"):
                    return b"".join(pieces)
        finally:
            self._partial -= held

    def _hold(self, size: int) -> int:
        if self._partial + size > self._max_partial_bytes:
            raise OverloadedError
        self._partial += size
        return size
