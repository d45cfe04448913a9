"""Learning from sends which contact a conversation belongs to."""

from collections.abc import Collection, Sequence

from contracts.envelope import Event
from contracts.messages import MessageSent
from timeline.handlers.refs import RefKeeper
from timeline.handlers.requeueing import Requeue
from timeline.models import Conversation
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
    sent = [event.data for event in events]
    contacts = {Conversation(one.portal_id, one.chert_tenant, one.chat_id): one.contact_id for one in sent}
    await links.learn(sent)
    await refs.linked(contacts.items())
    return await requeue(await unmatched.of(contacts))
