"""Ways from an id that somebody knows to the sends that have to do with it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from actions.models.creations import SettledCreation
from actions.models.sends import Attempt, Outgoing, Send
from contracts.envelope import Event, EventData
from contracts.messages import MessageSent, SendOutcome

_OWN_ID: Final = 2
"""What a key has before its own id: `wf:{account}:{callback}`, `card:{account}:{client message}`."""


def account_of(key: str) -> str:
    """The account whose send a key is: `wf:{account}:…`, `card:{account}:…`, `cc:{account}:…`."""
    return key.partition(":")[2].partition(":")[0]


@dataclass(frozen=True, slots=True)
class Reference:
    """One id of one send.

    Attributes:
        id: what somebody may know: a callback, message, trace, contact or chat id, or the hash of a number.
        key: of the send.
        at: when the send was at work.
        is_shared: whether ever more sends have this id, as those to one contact do.
    """

    id: str
    key: str
    at: datetime
    is_shared: bool = False

    @property
    def account(self) -> str:
        """Whose send it is."""
        return account_of(self.key)


def references_of_event(event: Event[EventData], number_hash: Callable[[str], str]) -> Sequence[Reference]:
    """The ids of a send that has its final answer."""
    told = event.data
    if not isinstance(told, SendOutcome):
        return ()
    found = [*_own(told.claim, told.at), Reference(told.contact_id, told.claim, told.at, is_shared=True)]
    if event.traceparent is not None:
        found.append(Reference(event.traceparent.split("-")[1], told.claim, told.at))  # W3C Trace Context, section 3.2
    if isinstance(told, MessageSent):
        found += [
            Reference(told.message_id, told.claim, told.at),
            Reference(told.chat_id, told.claim, told.at, is_shared=True),
            Reference(number_hash(told.phone), told.claim, told.at, is_shared=True),
        ]
    return found


def references_of_send(send: Send, ended: Attempt, number_hash: Callable[[str], str]) -> Sequence[Reference]:
    """The ids of a send that goes on later, or under another key."""
    found = [*_own(send.key, ended.at), Reference(send.contact_id, send.key, ended.at, is_shared=True)]
    if int(ended.trace_id, 16):
        found.append(Reference(ended.trace_id, send.key, ended.at))
    if isinstance(send.plan, Outgoing):
        found.append(Reference(number_hash(send.plan.phone), send.key, ended.at, is_shared=True))
    return found


def references_of_creation(settled: SettledCreation) -> Sequence[Reference]:
    """The contact of a creation that led to no send; where it is off, every import would leave a mark for each."""
    if settled.status != "skipped" or settled.reason == "off":
        return ()
    return [Reference(one.id, one.key, one.at, is_shared=True) for one in _own(settled.key, settled.at)]


def _own(key: str, at: datetime) -> Iterator[Reference]:
    """The callback, client message or contact that a key was made from."""
    own = key.split(":", _OWN_ID)[-1]
    if own:
        yield Reference(own, key, at, is_shared=key.startswith("cc:"))
