"""Ids and randomness as an argument, so that a test can foresee them."""

import random
import secrets
import uuid
from typing import Protocol


class Randomness(Protocol):
    """Where ids, secrets and jitter come from."""

    def uuid(self) -> str:
        """A new id, as text."""
        ...

    def token(self, size: int) -> str:
        """`size` random bytes as URL-safe text."""
        ...

    def bytes(self, size: int) -> bytes:
        """`size` random bytes."""
        ...

    def fraction(self) -> float:
        """A number in [0, 1), for jitter; never for secrets."""
        ...


class SystemRandomness:
    """The operating system's randomness."""

    def uuid(self) -> str:
        """A random UUID (RFC 9562, version 4)."""
        return str(uuid.uuid4())

    def token(self, size: int) -> str:
        """`size` random bytes as URL-safe text."""
        return secrets.token_urlsafe(size)

    def bytes(self, size: int) -> bytes:
        """`size` random bytes."""
        return secrets.token_bytes(size)

    def fraction(self) -> float:
        """A number in [0, 1)."""
        return random.random()  # noqa: S311 - jitter, not a secret


class SeededRandomness:
    """The same sequence for the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - foreseeable on purpose

    def uuid(self) -> str:
        """A UUID from the sequence."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def token(self, size: int) -> str:
        """Text from the sequence, two letters a byte."""
        return self._random.randbytes(size).hex()

    def bytes(self, size: int) -> bytes:
        """Bytes from the sequence."""
        return self._random.randbytes(size)

    def fraction(self) -> float:
        """A number from the sequence."""
        return self._random.random()
