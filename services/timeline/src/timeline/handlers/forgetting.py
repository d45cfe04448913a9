"""Forgetting what leads to an account's replies, so that no id and no hash of a number says that they were there."""

from collections.abc import Iterator, Mapping
from typing import Final

from timeline.handlers.activity import trace_id
from timeline.handlers.refs import PHONE
from timeline.models import Leaving, Ref
from timeline.ports import AccountData, Refs

_CHAT: Final = "chat:"


async def forget_ways(portal_id: int, limit: int, *, data: AccountData, refs: Refs) -> int:
    """Forget the ids of what is forgotten next of an account; how many ids that were.

    What another account of the same conversation is found by stays.
    """
    leaving = await data.leaving(portal_id, limit)
    chats = await refs.find({f"{_CHAT}{entry.message.chat_id}" for entry, _ in leaving.entries})
    gone = [*_of_replies(leaving), *_of_links(leaving), *_of_chats(leaving, chats)]
    known = await refs.find({ref.key for ref in gone})
    await refs.forget(gone)
    return sum(1 for key, targets in known.items() if targets & {ref.to for ref in gone if ref.key == key})


def _of_replies(leaving: Leaving) -> Iterator[Ref]:
    for entry, contact_id in leaving.entries:
        message = entry.message
        yield Ref("chat", message.chat_id, entry.id)
        if contact_id is not None:
            yield Ref("contact", contact_id, message.chat_id)
        if entry.row_id not in leaving.elsewhere:
            yield Ref("event", message.event_id, entry.row_id)
            yield Ref("trace", trace_id(entry), entry.row_id)


def _of_links(leaving: Leaving) -> Iterator[Ref]:
    return (Ref("contact", contact_id, one.chat_id) for one, contact_id in leaving.links)


def _of_chats(leaving: Leaving, chats: Mapping[str, frozenset[str]]) -> Iterator[Ref]:
    """The numbers of conversations in which nobody's replies are left."""
    own = {entry.id for entry, _ in leaving.entries}
    for key, targets in chats.items():
        if all(target in own or target.startswith(PHONE) for target in targets):
            for target in targets - own:
                yield Ref("chat", key.removeprefix(_CHAT), target)
                yield Ref("phone", target.removeprefix(PHONE), key.removeprefix(_CHAT))
