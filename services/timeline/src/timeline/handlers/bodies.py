"""A reply as HubSpot shows it, and recognising it there again.

The body is rich text, so everything a sender wrote is escaped. It says "iMessage", because the channel can only say
SMS, and ends with a link to the message's page on our console, whose path carries the message's id: by that it is
found again. HubSpot may rewrite the HTML, so what is compared is the link's path, never the markup.

| part | becomes |
| --- | --- |
| text | a paragraph, lines kept |
| media | a link to the console page, which shows the content |
| rich link | a link to its address, if that is http or https |
| any other | its text, else its name in brackets |
"""

import html
import re
from typing import Final

from contracts.console import MESSAGES, message_page
from contracts.messages import MessagePart, MessageReceived
from timeline.models import Written

_LIMIT: Final = 60_000
"""HubSpot keeps 65,536 characters of a body; heading and links take the rest."""

_LONGEST_ESCAPE: Final = 6
"""Characters that one character can become: `&quot;`, `&#x27;`."""

_WEB: Final = re.compile(r"https?://", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^>]*>")
_AFTER_ID: Final = r"(?![A-Za-z0-9_.~%-])"


def page_path(message: MessageReceived) -> str:
    """The path of the message's page on our console."""
    return message_page(message.chert_tenant, message.message_id)


def render(message: MessageReceived, public_base_url: str, *, sent: bool = False) -> str:
    """The whole body; `sent` says that the message went out."""
    page = html.escape(public_base_url.rstrip("/") + page_path(message))
    parts = "".join(_paragraph(part, page) for part in message.parts)
    if len(parts) > _LIMIT:
        parts = _cut(message)
    return f'<p><strong>{_heading(message, sent=sent)}</strong></p>{parts}<p><a href="{page}">Open in Chert</a></p>'


def is_same(message: MessageReceived, body: str, written: Written) -> bool:
    """Whether a communication is this message, written with this body.

    One that carries a link to a message's page is that message and no other. Without a link (HubSpot took it out)
    text and timestamp decide.
    """
    shown = html.unescape(written.body)
    if MESSAGES in shown:
        return re.search(re.escape(page_path(message)) + _AFTER_ID, shown) is not None
    if written.timestamp is None or _milliseconds_apart(message, written) >= 1:
        return False
    return _plain(written.body) == _plain(body)


def _heading(message: MessageReceived, *, sent: bool) -> str:
    if sent:
        return "iMessage sent"
    if message.is_group:
        return f"iMessage received in a group, from {html.escape(message.sender)}"
    return "iMessage received"


def _paragraph(part: MessagePart, page: str) -> str:
    if part.type == "media":
        return f'<p><a href="{page}">Attachment</a></p>'
    if part.type == "rich_link" and part.url is not None and _WEB.match(part.url):
        address = html.escape(part.url)
        return f'<p><a href="{address}">{address}</a></p>'
    return _text(part.value if part.value is not None else f"[{part.type}]")


def _text(text: str) -> str:
    return f"<p>{html.escape(text).replace(chr(10), '<br>')}</p>"


def _cut(message: MessageReceived) -> str:
    """As much of the text as fits whatever it escapes to; the console page shows the rest."""
    text = "\n".join(part.value for part in message.parts if part.value is not None)
    return _text(text[: _LIMIT // _LONGEST_ESCAPE] + "…")


def _plain(body: str) -> str:
    """Text alone, white space made equal."""
    return " ".join(html.unescape(_TAG.sub(" ", body)).split())


def _milliseconds_apart(message: MessageReceived, written: Written) -> float:
    assert written.timestamp is not None  # noqa: S101 - looked at by the caller
    return abs((message.received_at - written.timestamp).total_seconds()) * 1000
