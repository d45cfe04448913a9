"""Ways from an id that somebody knows to the sends that have to do with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from actions.models.creations import SettledCreation
from actions.models.outcomes import Accepted
from actions.models.sends import Attempt, Send

_OWN_ID: Final = 2
"""What a key has before its own id: `wf:{account}:{callback}`, `card:{account}:{client message}`."""


def account_of(key: str) -> str:
    """The account whose send a key is: `wf:{account}:…`, `card:{account}:…`, `cc:{account}:…`."""
    return key.partition(":")[2].partition(":")[0]


def own_id(key: str) -> str:
    """The callback, client message or contact that a key was made from."""
    return key.split(":", _OWN_ID)[-1]


def trace_of(attempt: Attempt) -> str | None:
    """The trace of an attempt; none where it was not traced."""
    return attempt.trace_id if int(attempt.trace_id, 16) else None


@dataclass(frozen=True, slots=True)
class Reference:
    """One id of one send, or of a created contact that led to none.

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


def ids_of(send: Send) -> Iterator[str]:
    """All ids that lead to a send, some of them more than once."""
    yield own_id(send.key)
    yield send.contact_id
    if send.number_hash is not None:
        yield send.number_hash
    yield from filter(None, map(trace_of, send.attempts))
    if isinstance(send.answer, Accepted):
        yield from filter(None, (send.answer.message_id, send.answer.lead_id))


def other_trace(send: Send, ended: Attempt) -> Sequence[Reference]:
    """The trace that a send ended in, where that is not the one that it began in."""
    trace_id = trace_of(ended)
    if trace_id is None or trace_id == send.attempts[0].trace_id:
        return ()
    return [Reference(trace_id, send.key, ended.at)]


def references_of_creation(settled: SettledCreation) -> Sequence[Reference]:
    """The contact of a creation that led to no send; where it is off, every import would leave a mark for each."""
    if settled.status != "skipped" or settled.reason == "off":
        return ()
    return [Reference(own_id(settled.key), settled.key, settled.at, is_shared=True)]
