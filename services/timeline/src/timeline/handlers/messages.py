"""One message with its content, as the console's page of it shows it."""

from contracts.internal import InboundMessage, MessageAtAccount
from contracts.messages import MessageReceived
from timeline.handlers.activity import STATUS, trace_id, words
from timeline.models import Shown, without_content
from timeline.ports import EntryHistory, Receivers


async def read_message(
    chert_tenant: str, message_id: str, *, receivers: Receivers, entries: EntryHistory
) -> InboundMessage | None:
    """A message that accounts were given, and how it stands at each; none if there is no such message."""
    row_id = f"{chert_tenant}:{message_id}"
    portal_ids = sorted(await receivers.accounts_of(row_id))
    found = await entries.look_at([f"{portal_id}:{row_id}" for portal_id in portal_ids])
    if not found:
        return None
    accounts = tuple(_at_account(shown) for shown in found)
    messages = [shown.entry.message for shown in found]
    message = next((one for one in messages if _has_content(one)), None)
    if message is None:
        return InboundMessage(received_at=messages[0].received_at, content_kept=False, accounts=accounts)
    return InboundMessage(
        received_at=message.received_at,
        content_kept=True,
        sender=message.sender,
        is_group=message.is_group,
        parts=message.parts,
        accounts=accounts,
    )


def _has_content(message: MessageReceived) -> bool:
    """Whether it was not removed, for one account's contact or for all."""
    return message != without_content(message)


def _at_account(shown: Shown) -> MessageAtAccount:
    return MessageAtAccount(
        portal_id=shown.entry.portal_id,
        project_id=shown.entry.project_id,
        contact_id=shown.contact_id,
        status=STATUS[shown.entry.state],
        words=words(shown),
        trace_id=trace_id(shown.entry),
    )
