"""How many requests of one account are served at once, so that no account takes the room of another."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class AccountBusyError(Exception):
    """This account has as many requests under way as it may."""


class Admission:
    """Counts the requests under way of each account."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._under_way: Counter[int] = Counter()

    @contextmanager
    def of(self, portal_id: int) -> Iterator[None]:
        """A place for one request of this account.

        Raises:
            AccountBusyError: there is none.
        """
        if self._under_way[portal_id] >= self._limit:
            raise AccountBusyError
        self._under_way[portal_id] += 1
        try:
            yield
        finally:
            self._under_way[portal_id] -= 1
            if not self._under_way[portal_id]:
                del self._under_way[portal_id]
