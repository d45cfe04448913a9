"""Who sent each message of a thread, as the one who looks at it should see."""

from collections.abc import Mapping, Sequence

from actions.models import Author, ChatMessage, Sender, ShownMessage, Viewer

_UNKNOWN = Sender("unknown")


def shown_messages(
    messages: Sequence[ChatMessage], authors: Mapping[str, Author], viewer: Viewer
) -> tuple[ShownMessage, ...]:
    """The messages with their senders."""
    return tuple(_shown(message, authors.get(message.id), viewer) for message in messages)


def _shown(message: ChatMessage, author: Author | None, viewer: Viewer) -> ShownMessage:
    if message.inbound:
        return ShownMessage(message, Sender("contact"))
    if author is None or author.portal_id != viewer.portal_id:  # another account's users are nobody's business here
        return ShownMessage(message, _UNKNOWN)
    return ShownMessage(message, _sender(author, viewer), _client_message_id(author))


def _sender(author: Author, viewer: Viewer) -> Sender:
    if author.source != "card":
        return Sender(author.source, workflow_id=author.workflow_id)
    own = author.user_id is not None and author.user_id == viewer.user_id
    return Sender("you" if own else "colleague", user_id=author.user_id)


def _client_message_id(author: Author) -> str | None:
    """The card's own id, which is the end of its claim."""
    return author.claim.split(":", 2)[2] if author.source == "card" else None
