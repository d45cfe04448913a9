"""Free TCP ports on the loopback address."""

import os
import random
import socket
from collections import deque

from harness.errors import PortTakenError

LOOPBACK = "127.0.0.1"

# Below the range from which systems take the near end of outgoing connections, so nothing borrows a port between
# choosing it here and listening on it there.
_RANGE = range(20_000, 32_000)

# Between choosing a port and listening on it pass seconds. So that no two runs meet there, each process has a part of
# the range to itself, neighbours by their ids different ones, and draws none again soon.
_PARTS = 60
_drawn: deque[int] = deque(maxlen=100)


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port nobody listens on, drawn at random so that runs side by side do not meet.

    Raises:
        PortTakenError: none was found.
    """
    own = _RANGE[os.getpid() % _PARTS :: _PARTS]
    for port in (*random.sample(own, k=len(own)), *random.sample(_RANGE, k=len(_RANGE))):
        if port not in _drawn and is_free(port):
            _drawn.append(port)
            return port
    raise PortTakenError(f"Every port from {_RANGE.start} to {_RANGE.stop - 1} is taken; stop something.")


def answers(port: int) -> bool:
    """Whether something accepts connections on this port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        client.settimeout(0.5)
        return client.connect_ex((LOOPBACK, port)) == 0
