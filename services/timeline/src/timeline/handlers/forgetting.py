"""Forgetting what leads to an account's replies, so that no id and no hash of a number says that they were there."""

from collections.abc import Iterator, Mapping
from typing import Final

from timeline.handlers.refs import PHONE
from timeline.models import Leaving, Ref
from timeline.ports import AccountData, InboxNames, Refs

_CHAT: Final = "chat:"


async def forget_ways(portal_id: int, limit: int, *, data: AccountData, refs: Refs, names: InboxNames) -> int:
    """Forget the ids of what is forgotten next of an account; how many ways to it that were.

    What another account of the same conversation is found by stays.
    """
    leaving = await data.leaving(portal_id, limit)
    rows = {entry.row_id for entry, _ in leaving.entries} - leaving.elsewhere
    chats = {entry.message.chat_id for entry, _ in leaving.entries}
    empty = chats - set(await names.in_use(chats, but=rows))
    numbers = await refs.find({f"{_CHAT}{chat_id}" for chat_id in empty})
    gone = [*_of_contacts(leaving), *_of_numbers(numbers)]
    known = await refs.find({ref.key for ref in gone})
    await refs.forget(gone)
    found = sum(1 for key, targets in known.items() if targets & {ref.to for ref in gone if ref.key == key})
    return found + await names.forget_names(rows)


def _of_contacts(leaving: Leaving) -> Iterator[Ref]:
    for entry, contact_id in leaving.entries:
        if contact_id is not None:
            yield Ref("contact", contact_id, entry.message.chat_id)
    for one, contact_id in leaving.links:
        yield Ref("contact", contact_id, one.chat_id)


def _of_numbers(found: Mapping[str, frozenset[str]]) -> Iterator[Ref]:
    """The numbers of conversations in which nobody's replies are left."""
    for key, targets in found.items():
        chat_id = key.removeprefix(_CHAT)
        for target in targets:
            yield Ref("chat", chat_id, target)
            if target.startswith(PHONE):
                yield Ref("phone", target.removeprefix(PHONE), chat_id)
