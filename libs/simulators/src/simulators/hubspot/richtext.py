"""Message bodies as the timeline renders them: rich text, of which only harmless markup is let through."""

import re
from html import escape
from html.parser import HTMLParser

from markupsafe import Markup

KEPT = frozenset({"p", "br", "b", "strong", "i", "em", "u", "ul", "ol", "li"})
VOID = frozenset({"br"})
# What these hold is dropped with them.
SILENT = frozenset({"script", "style"})


class _Sanitizer(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._open: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT:
            self._silent += 1
        elif tag == "a":
            self._start_link(dict(attrs).get("href") or "")
        elif tag in KEPT:
            self.parts.append(f"<{tag}>")
            if tag not in VOID:
                self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in self._open:
            while self._open:
                last = self._open.pop()
                self.parts.append(f"</{last}>")
                if last == tag:
                    break

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(escape(data))

    def finish(self) -> str:
        self.close()
        return "".join(self.parts) + "".join(f"</{tag}>" for tag in reversed(self._open))

    def _start_link(self, href: str) -> None:
        if href.startswith(("http://", "https://")):
            self.parts.append(f'<a href="{escape(href)}" rel="noopener noreferrer" target="_blank">')
            self._open.append("a")


def rendered(body: str) -> Markup:
    """The body as safe HTML."""
    sanitizer = _Sanitizer()
    sanitizer.feed(body)
    return Markup(sanitizer.finish())  # noqa: S704 - built from escaped text and the tags above alone


def rewritten(body: str) -> str:
    """The same text in the markup that HubSpot keeps: a wrapper, styles, other quotes and breaks, marked links."""
    changed = body.replace("<p>", '<p style="margin:0;">').replace("<br>", "<br/>").replace("&#x27;", "'")
    changed = re.sub(r'<a href="([^"]*)">', r'<a rel="noopener" target="_blank" href="\1">', changed)
    return f'<div style="" dir="auto" data-top-level="true">{changed}</div>'
