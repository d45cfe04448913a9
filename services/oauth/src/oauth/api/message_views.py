"""What a message's page shows, as data; the same models are the JSON for whoever prefers that."""

import re
from datetime import datetime
from typing import Final, Literal

from contracts.messages import MessagePart
from oauth.api.console_activity import REPLY_WORDS, STATUSES, sentence, state_of
from oauth.api.console_presenting import name_of, url_of
from oauth.api.console_views import View
from oauth.api.files import IMAGES, file_name, size_words, type_words
from oauth.api.pages import file_url, message_url
from oauth.errors import AttachmentGoneError
from oauth.handlers.messages import AtAccount, MessageView
from oauth.models import FileFacts

GONE: Final = "Chert does not keep this file any more."
UNKNOWN: Final = "Type and size cannot be found out right now; the file may still open."

_WEB: Final = re.compile(r"https?://", re.IGNORECASE)


class FileView(View):
    """A file that came with the message.

    Attributes:
        number: counted from 1.
        url: where its content is; none when there is none.
        name: as it is offered.
        type: as words.
        size: as words; empty when it is not known.
        content_type: as Chert says; empty when it is not known.
        size_bytes: likewise; none when it is not known.
        shown: whether browsers can show it.
        problem: why not all is known of it.
    """

    number: int
    url: str | None
    name: str
    type: str = ""
    size: str = ""
    content_type: str = ""
    size_bytes: int | None = None
    shown: bool = False
    problem: str = ""


class PartView(View):
    """A bubble: text, the address of a link, a file, or the name of something that is none of these."""

    kind: Literal["text", "link", "file", "other"]
    text: str = ""
    file: FileView | None = None


class MessageAccountView(View):
    """How the message stands at one account.

    Attributes:
        portal_id: HubSpot's account id.
        name: what people call the account.
        url: its page; none if it has left the project.
        contact_id: HubSpot's contact; empty while there is none.
        contact_url: where the contact is in HubSpot, where that is known.
        state: how it stands, as a slug.
        status: how it stands, as words.
        words: why, where it is not on the timeline.
        trace_id: finds it in our logs.
    """

    portal_id: int
    name: str
    url: str | None
    contact_id: str
    contact_url: str | None
    state: str
    status: str
    words: str
    trace_id: str


class MessagePage(View):
    """Everything about one message.

    Attributes:
        user: who is signed in.
        project_name: whose message it is.
        message_id: Chert's id.
        url: its page here.
        received_at: when it arrived.
        sender: who wrote it; empty when that is not kept.
        is_group: whether others were in the conversation.
        content_kept: whether there is anything of it still.
        parts: what was written, in order.
        accounts: the HubSpot accounts that were given it.
    """

    user: str
    project_name: str
    message_id: str
    url: str
    received_at: datetime
    sender: str
    is_group: bool
    content_kept: bool
    parts: tuple[PartView, ...]
    accounts: tuple[MessageAccountView, ...]


def message_page(user: str, view: MessageView) -> MessagePage:
    """One message's page."""
    message = view.message
    files = {key: _file(view, number, facts) for number, (key, facts) in enumerate(view.files.items(), 1)}
    return MessagePage(
        user=user,
        project_name=view.project.name,
        message_id=view.message_id,
        url=message_url(view.project.chert_tenant, view.message_id),
        received_at=message.received_at,
        sender=message.sender,
        is_group=message.is_group,
        content_kept=message.content_kept,
        parts=tuple(_part(part, files.get(part.attachment_id or "")) for part in message.parts),
        accounts=tuple(_account(account) for account in view.accounts),
    )


def _file(view: MessageView, number: int, facts: FileFacts | Exception) -> FileView:
    url = file_url(view.project.chert_tenant, view.message_id, number)
    if isinstance(facts, AttachmentGoneError):
        return FileView(number=number, url=None, name=f"Attachment {number}", problem=GONE)
    if not isinstance(facts, FileFacts):
        return FileView(number=number, url=url, name=f"Attachment {number}", problem=UNKNOWN)
    return FileView(
        number=number,
        url=url,
        name=file_name(facts, number),
        type=type_words(facts.content_type),
        size="" if facts.size_bytes is None else size_words(facts.size_bytes),
        content_type=facts.content_type,
        size_bytes=facts.size_bytes,
        shown=facts.content_type in IMAGES,
    )


def _part(part: MessagePart, file: FileView | None) -> PartView:
    if part.type == "media" and file is not None:
        return PartView(kind="file", file=file)
    if part.type == "rich_link" and part.url is not None and _WEB.match(part.url):
        return PartView(kind="link", text=part.url)
    return PartView(kind="other", text=part.type) if part.value is None else PartView(kind="text", text=part.value)


def _account(account: AtAccount) -> MessageAccountView:
    told, installation = account.told, account.installation
    return MessageAccountView(
        portal_id=told.portal_id,
        name=f"HubSpot account {told.portal_id}" if installation is None else name_of(installation),
        url=None if installation is None else url_of(installation),
        contact_id=told.contact_id or "",
        contact_url=account.contact_url,
        state=state_of(told.status),
        status=STATUSES[told.status],
        words=sentence(told.words) or REPLY_WORDS.get(told.status, ""),
        trace_id=told.trace_id,
    )
