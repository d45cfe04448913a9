"""What HubSpot has named and is not recorded yet: a database that is away for a moment costs no look."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

MOST: Final = 10_000
"""How many are remembered; the oldest are forgotten, and looked for like any other write with an unknown end."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Where a reply came to lie, as the write itself said."""

    contact_id: str
    communication_id: str


class Answers:
    """One process's memory; whoever comes after it has to look."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, Answer] = OrderedDict()

    def keep(self, answers: Mapping[str, Answer]) -> None:
        """Remember answers by reply until they are recorded."""
        self._answers.update(answers)
        while len(self._answers) > MOST:
            self._answers.popitem(last=False)

    def of(self, entry_ids: Iterable[str]) -> Mapping[str, Answer]:
        """Those of these replies that were answered."""
        return {entry_id: self._answers[entry_id] for entry_id in entry_ids if entry_id in self._answers}

    def forget(self, entry_ids: Iterable[str]) -> None:
        """These are recorded, or known to be somebody else's."""
        for entry_id in entry_ids:
            self._answers.pop(entry_id, None)
