"""Learning from sends which contact a conversation belongs to."""

from collections.abc import Collection, Mapping, Sequence

from chassis.tracing import is_sampled
from contracts.envelope import Event
from contracts.messages import MessageSent
from timeline.handlers.refs import RefKeeper
from timeline.handlers.requeueing import Requeue
from timeline.models import Conversation, SentTrace
from timeline.ports import SentLinks, Unmatched


async def learn_links(
    events: Sequence[Event[MessageSent]],
    *,
    links: SentLinks,
    refs: RefKeeper,
    unmatched: Unmatched,
    requeue: Requeue,
) -> Collection[int]:
    """Link conversations to the contacts that were written to, and try again what waited for that.

    The result names the lanes that got work.

    First the link is kept, then the waiting are looked for; a lane does it the other way round, so one of them
    always sees the other.
    """
    contacts = {_conversation(event.data): event.data.contact_id for event in events}
    await links.learn([event.data for event in events])
    await links.trace(_traces(events))
    await refs.linked(contacts.items())
    return await requeue(await unmatched.of(contacts))


def _conversation(sent: MessageSent) -> Conversation:
    return Conversation(sent.portal_id, sent.chert_tenant, sent.chat_id)


def _traces(events: Sequence[Event[MessageSent]]) -> Mapping[Conversation, SentTrace]:
    """Of each conversation, the newest send whose trace is exported: few are, so this costs nothing as a rule."""
    traced = [(event.data, event.traceparent) for event in events if is_sampled(event.traceparent)]
    traced.sort(key=lambda one: one[0].at)
    return {_conversation(sent): SentTrace(sent.at, traceparent) for sent, traceparent in traced if traceparent}
