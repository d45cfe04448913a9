"""Refs in memory."""

from collections.abc import Collection, Mapping

from timeline.models import Ref


class InMemoryRefs:
    """Where ids lead, by key."""

    def __init__(self) -> None:
        self.refs: dict[str, set[str]] = {}

    async def add(self, refs: Collection[Ref]) -> None:
        """Keep these."""
        for ref in refs:
            self.refs.setdefault(ref.key, set()).add(ref.to)

    async def find(self, keys: Collection[str]) -> Mapping[str, frozenset[str]]:
        """Where those of these ids lead that are known."""
        return {key: frozenset(self.refs[key]) for key in keys if key in self.refs}

    async def forget(self, refs: Collection[Ref]) -> None:
        """Forget that these ids lead there."""
        for ref in refs:
            left = self.refs.get(ref.key, set()) - {ref.to}
            self.refs.pop(ref.key, None)
            if left:
                self.refs[ref.key] = left
