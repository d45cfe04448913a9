"""What a rep sees of a reply, and recognising it in what HubSpot made of it."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.messages import MessagePart, MessageReceived
from timeline.handlers import bodies
from timeline.models import Written

BASE = "https://console.example.test"
AT = datetime(2026, 11, 22, 12, 0, 0, 123_000, tzinfo=UTC)


def message(*parts: MessagePart, message_id: str = "m1", is_group: bool = False) -> MessageReceived:
    """A reply with these parts."""
    return MessageReceived(
        chert_tenant="acme",
        chat_id="chat-1",
        message_id=message_id,
        event_id="e1",
        sender="+14155551234",
        is_group=is_group,
        parts=parts,
        received_at=AT,
    )


def text(value: str) -> MessagePart:
    """A text part."""
    return MessagePart(type="text", value=value)


class Elements(HTMLParser):
    """The elements and addresses of some HTML, and its text."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str | None] = []
        self.text = ""
        self.feed(body)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.tags.add(tag)
        self.addresses.extend(value for name, value in attrs if name == "href")

    def handle_data(self, data: str) -> None:
        """Some text."""
        self.text += data


def test_a_body_says_imessage_and_ends_with_the_link() -> None:
    """The channel can only say SMS, so the body says iMessage; its last element is the link to the message's page."""
    body = bodies.render(message(text("Yes")), BASE + "/")

    assert body == (
        "<p><strong>iMessage received</strong></p><p>Yes</p>"
        '<p><a href="https://console.example.test/console/messages/acme/m1">Open in Chert</a></p>'
    )


def test_text_parts_are_joined_and_keep_their_lines() -> None:
    """Several bubbles are paragraphs, and a line break stays one."""
    assert "<p>one<br>two</p><p>three</p>" in bodies.render(message(text("one\ntwo"), text("three")), BASE)


def test_media_are_links_to_the_page() -> None:
    """Content is fetched by our page for a signed-in rep, so the body links there and never to Chert."""
    body = bodies.render(message(MessagePart(type="media", attachment_id="in_1")), BASE)

    assert [f"{BASE}/console/messages/acme/m1"] * 2 == Elements(body).addresses


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        (MessagePart(type="rich_link", url="https://x.test/?a=1&b=2"), "https://x.test/?a=1&b=2"),
        (MessagePart(type="rich_link", url="javascript:alert(1)"), "[rich_link]"),
        (MessagePart(type="rich_link", url="http://[nowhere"), "http://[nowhere"),
        (MessagePart(type="sticker"), "[sticker]"),
        (MessagePart(type="poll", value="Tea?"), "Tea?"),
    ],
)
def test_other_parts_are_shown_as_far_as_they_are_understood(part: MessagePart, shown: str) -> None:
    """A link is one only to the web; what Chert adds later is shown as its text, else by name."""
    body = bodies.render(message(part), BASE)

    assert shown in Elements(body).text
    assert "javascript:" not in body


def test_a_group_names_the_sender() -> None:
    """In a group the reader needs to know who wrote."""
    assert "iMessage received in a group, from +14155551234" in bodies.render(message(text("Hi"), is_group=True), BASE)


@given(st.lists(st.text(max_size=300), max_size=5), st.text(min_size=1, max_size=60))
def test_nothing_a_sender_writes_becomes_markup(texts: list[str], message_id: str) -> None:
    """Whatever a text holds, the body has our own elements and addresses alone, and is recognised again."""
    reply = message(*map(text, texts), message_id=message_id)
    body = bodies.render(reply, BASE)
    elements = Elements(body)

    assert {"p", "strong", "br", "a"} >= elements.tags
    assert [BASE + bodies.page_path(reply)] == elements.addresses
    assert bodies.is_same(reply, body, Written("1", "904", f"<div>{body}</div>", None))


@pytest.mark.parametrize("letter", ["a", "&", "\n", "🎈"])
def test_a_text_without_end_is_cut(letter: str) -> None:
    """HubSpot keeps 65,536 characters: a longer text is cut, whatever it escapes to, and the link stays."""
    body = bodies.render(message(text(letter * 200_000)), BASE)

    assert 65_536 > len(body)
    assert "…" in body
    assert body.endswith("Open in Chert</a></p>")
    assert not re.search(r"&[a-z0-9#]*…", body)


@pytest.mark.parametrize("other", ["m10", "m1.x", "m1%41", "m1-2", "xm1"])
def test_an_id_that_begins_alike_is_another_message(other: str) -> None:
    """A link decides by the whole id, not by how it begins or ends."""
    reply, another = message(text("Yes")), message(text("Yes"), message_id=other)
    written = Written("1", "904", bodies.render(another, BASE), AT)

    assert not bodies.is_same(reply, bodies.render(reply, BASE), written)


def test_a_link_to_another_message_outweighs_an_equal_text() -> None:
    """Two replies with one text and one time are two, as long as links are there."""
    reply, another = message(text("Yes")), message(text("Yes"), message_id="m2")
    body = bodies.render(reply, BASE)

    assert not bodies.is_same(reply, body, Written("1", "904", bodies.render(another, BASE), AT))
    assert bodies.is_same(another, body, Written("1", "904", bodies.render(another, BASE), AT))


@pytest.mark.parametrize(
    ("shown", "timestamp", "same"),
    [
        ("<div>iMessage  received\n Yes &amp; no Open in Chert</div>", AT, True),
        ("iMessage received Yes & no Open in Chert", AT + timedelta(microseconds=900), True),
        ("iMessage received Yes & no Open in Chert", AT + timedelta(seconds=1), False),
        ("iMessage received Yes & no Open in Chert", None, False),
        ("iMessage received Yes and no Open in Chert", AT, False),
        ("", AT, False),
    ],
)
def test_without_a_link_text_and_time_decide(shown: str, timestamp: datetime | None, same: bool) -> None:
    """Where HubSpot took the link out, normalised text and timestamp together recognise a reply."""
    reply = message(text("Yes & no"))

    assert same is bodies.is_same(reply, bodies.render(reply, BASE), Written("1", "904", shown, timestamp))
