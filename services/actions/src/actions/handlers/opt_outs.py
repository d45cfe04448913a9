"""Opting out: a reply that is exactly a stop word ends all sending to that number in that project.

A start word lifts it. What was written last counts, in whatever order it is handled.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from actions.models import Refused, Wish
from actions.ports import ConversationStore, NumberHash, WishStore
from chassis.logging import get_log
from contracts.failures import Code
from contracts.messages import MessageReceived

LOG = get_log()

OPTED_OUT: Final = Refused(code=Code.WRONG_STATE, error="contact opted out")
"""What every source is told; 1012 is our choice, for Chert publishes no code for it."""

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True)
class OptOutWords:
    """The words that stop and start, of every language, folded."""

    stop: frozenset[str]
    start: frozenset[str]

    @classmethod
    def of(cls, stop: Mapping[str, Sequence[str]], start: Mapping[str, Sequence[str]]) -> Self:
        """The words of all languages together: nobody says in which one they answer."""
        return cls(_folded(stop.values()), _folded(start.values()))

    def wants_stop(self, message: MessageReceived) -> bool | None:
        """Whether a message says stop (true) or start (false) and nothing else; none for every other message."""
        if any(part.type != "text" for part in message.parts):
            return None
        said = _fold("\n".join(part.value or "" for part in message.parts))
        if said in self.stop:
            return True
        return False if said in self.start else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOuts:
    """Keeps who wants no messages.

    Attributes:
        words: what stops and starts.
        wishes: who said so.
        conversations: whose number a chat is with, where the sender's handle is none.
        number_hash: how numbers are remembered.
    """

    words: OptOutWords
    wishes: WishStore
    conversations: ConversationStore
    number_hash: NumberHash

    async def note(self, message: MessageReceived) -> None:
        """Keep what an inbound message says about getting messages; most say nothing.

        Raises:
            StoreAwayError: the database does not answer.
        """
        stop = self.words.wants_stop(message)
        if stop is None:
            return
        at = message.received_at.replace(microsecond=message.received_at.microsecond // 1000 * 1000)
        wish = Wish(stop, at, message.message_id)
        for number in await self._numbers(message):
            kept = await self.wishes.record(message.chert_tenant, number, wish)
            LOG.info(
                "opt_out.noted", chert_tenant=message.chert_tenant, message_id=message.message_id, stop=stop, kept=kept
            )

    async def _numbers(self, message: MessageReceived) -> Sequence[str]:
        """Whose wish it is: the sender's number, or, of a sender with an e-mail address, the chat's."""
        if _E164.fullmatch(message.sender):
            return (self.number_hash(message.sender),)
        known = None if message.is_group else await self.conversations.number_of(message.chert_tenant, message.chat_id)
        if known is None:
            LOG.warning("opt_out.unmatched", chert_tenant=message.chert_tenant, message_id=message.message_id)
            return ()
        return (known,)


def _folded(lists: Iterable[Sequence[str]]) -> frozenset[str]:
    return frozenset(_fold(word) for words in lists for word in words)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()
