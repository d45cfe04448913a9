"""Reading ahead in a queue: its first portions, whose messages leave by turns of their conversations.

A portion has long runs of few conversations, as Kafka hands them over. In a conversation only one reply may be on its
way, so a lane gets on the faster the more conversations lie on it.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import count, islice
from typing import Final

from timeline.models import Received

PORTIONS: Final = 8
"""How many portions are read ahead: a few thousand messages."""

Taken = Sequence[tuple[int, Received]]
"""Messages, each with the number of its portion."""


class Ahead:
    """What was read of one queue and is not on lanes."""

    def __init__(self, first: int) -> None:
        self.first = self.end = first
        self._left: dict[int, int] = {}
        self._lines: dict[str, deque[tuple[int, Received]]] = {}

    def add(self, rows: Sequence[Received]) -> None:
        """The next portion."""
        for row in rows:
            self._lines.setdefault(row.message.chat_id, deque()).append((self.end, row))
        self._left[self.end] = len(rows)
        self.end += 1

    def next(self, limit: int) -> Taken:
        """The oldest of each conversation, then the second oldest, and so on; they stay until they are done."""
        return list(islice(self._by_turns(), limit))

    def done(self, taken: Taken) -> None:
        """These came next and are on lanes; other conversations are first the next time."""
        for number, row in taken:
            line = self._lines.pop(row.message.chat_id)
            line.popleft()
            if line:
                self._lines[row.message.chat_id] = line
            self._left[number] -= 1

    def over(self) -> int | None:
        """The number of the first portion, if all of it is done; the next is the first then."""
        if self._left.get(self.first) != 0:
            return None
        del self._left[self.first]
        self.first += 1
        return self.first - 1

    def _by_turns(self) -> Iterator[tuple[int, Received]]:
        for place in count():
            lines = [line for line in self._lines.values() if place < len(line)]
            if not lines:
                return
            yield from (line[place] for line in lines)
