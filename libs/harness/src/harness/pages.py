"""What a scripted walk needs to know of an HTML page: its links, its forms and its words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

Attributes = Mapping[str, str]

_CHOSEN_ONLY = frozenset({"radio", "checkbox"})
_UNSEEN = frozenset({"script", "style", "template"})


@dataclass
class Form:
    """A form: where it goes, and what it would send as it stands."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class Page:
    """A parsed page."""

    links: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    words: str = ""

    def link(self, beginning: str) -> str | None:
        """The first link whose address begins so."""
        return next((link for link in self.links if link.startswith(beginning)), None)

    def form(self, *names: str) -> Form | None:
        """The first form that has all these fields."""
        return next((form for form in self.forms if form.fields.keys() >= set(names)), None)


def parse(html: str) -> Page:
    """Read a page; buttons and unchosen options are fields only where nothing else bears their name."""
    parser = _PageParser()
    parser.feed(html)
    parser.close()
    return parser.page()


class _PageParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self._page = Page()
        self._text: list[str] = []
        self._unseen = 0
        self._form: Form | None = None

    def page(self) -> Page:
        self._page.words = " ".join(" ".join(self._text).split())
        return self._page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in attributes:
            self._page.links.append(attributes["href"])
        elif tag == "form":
            self._form = Form(attributes.get("action", ""), attributes.get("method", "get").upper())
            self._page.forms.append(self._form)
        elif tag in {"input", "button"}:
            self._add_field(tag, attributes)
        self._unseen += tag in _UNSEEN

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        self._unseen -= tag in _UNSEEN

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._text.append(data)

    def _add_field(self, tag: str, attributes: Attributes) -> None:
        if self._form is None or "name" not in attributes:
            return
        name, value = attributes["name"], attributes.get("value", "")
        weak = tag == "button" or (attributes.get("type") in _CHOSEN_ONLY and "checked" not in attributes)
        if not (weak and name in self._form.fields):
            self._form.fields[name] = value
