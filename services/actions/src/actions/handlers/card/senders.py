"""Who sent each message of a thread, and where to look at what came with it, as the one who looks should see."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from actions.models import Attachment, Author, ChatMessage, Sender, ShownMessage, Viewer

_UNKNOWN = Sender("unknown")


def shown_messages(
    messages: Sequence[ChatMessage], authors: Mapping[str, Author], viewer: Viewer, page_of: Callable[[str], str]
) -> tuple[ShownMessage, ...]:
    """The messages with their senders; `page_of` knows the address of a received message's page, by its id."""
    return tuple(_shown(message, authors.get(message.id), viewer, page_of) for message in messages)


def _shown(message: ChatMessage, author: Author | None, viewer: Viewer, page_of: Callable[[str], str]) -> ShownMessage:
    page = page_of(message.id) if message.inbound else None
    message = replace(message, attachments=tuple(_linked(one, page) for one in message.attachments))
    if message.inbound:
        return ShownMessage(message, Sender("contact"))
    if author is None or author.portal_id != viewer.portal_id:  # another account's users are nobody's business here
        return ShownMessage(message, _UNKNOWN)
    return ShownMessage(message, _sender(author, viewer), _client_message_id(author))


def _linked(attachment: Attachment, page: str | None) -> Attachment:
    """Media is behind Chert's credential, so it leads to the message's page; a link has an address of its own."""
    return replace(attachment, url=page) if attachment.type == "media" else attachment


def _sender(author: Author, viewer: Viewer) -> Sender:
    if author.source != "card":
        return Sender(author.source, workflow_id=author.workflow_id)
    own = author.user_id is not None and author.user_id == viewer.user_id
    return Sender("you" if own else "colleague", user_id=author.user_id)


def _client_message_id(author: Author) -> str | None:
    """The card's own id, which is the end of its claim."""
    return author.claim.split(":", 2)[2] if author.source == "card" else None
