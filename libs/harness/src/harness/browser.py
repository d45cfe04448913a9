"""A browser as far as the walk needs one: it follows redirects and keeps cookies, over plain http on localhost.

HTTP clients drop Secure cookies there, which browsers keep (localhost is a secure context), so it carries them itself.
"""

from dataclasses import dataclass
from http.cookies import SimpleCookie
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx2

from harness import pages
from harness.pages import Form, Page

_REQUEST_SECONDS = 15.0
_MAX_REDIRECTS = 10


class NavigationError(Exception):
    """The browser did not get anywhere."""


@dataclass(frozen=True)
class Visit:
    """Where the browser ended up, what came, and every address on the way."""

    url: str
    status: int
    page: Page
    way: tuple[str, ...]

    @property
    def path(self) -> str:
        """The path of the final address."""
        return urlsplit(self.url).path


class Browser:
    """One browser with its own cookies, kept per origin."""

    def __init__(self, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        """A browser without cookies; it uses the network unless given another transport."""
        self._client = httpx2.AsyncClient(timeout=_REQUEST_SECONDS, trust_env=False, transport=transport)
        self._cookies: dict[str, dict[str, str]] = {}

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def get(self, url: str) -> Visit:
        """Open an address.

        Raises:
            NavigationError: too many redirects.
        """
        return await self._follow("GET", url, None)

    async def submit(self, visit: Visit, form: Form, **changed: str) -> Visit:
        """Send a form of the page the browser is on, with some fields changed.

        Raises:
            NavigationError: too many redirects.
        """
        return await self._follow(form.method, urljoin(visit.url, form.action or visit.url), {**form.fields, **changed})

    async def _follow(self, method: str, url: str, fields: dict[str, str] | None) -> Visit:
        way: list[str] = []
        while len(way) <= _MAX_REDIRECTS:
            way.append(url)
            answer = await self._request(method, url, fields)
            if not answer.has_redirect_location:
                return Visit(url=url, status=answer.status_code, page=pages.parse(answer.text), way=tuple(way))
            url, method, fields = urljoin(url, answer.headers["location"]), "GET", None
        raise NavigationError(f"more than {_MAX_REDIRECTS} redirects")

    async def _request(self, method: str, url: str, fields: dict[str, str] | None) -> httpx2.Response:
        jar = self._cookies.setdefault(urlsplit(url).netloc, {})
        headers = {"Accept": "text/html", **({"Cookie": _header(jar)} if jar else {})}
        answer = await self._client.request(method, url, data=fields, headers=headers)
        for line in answer.headers.get_list("set-cookie"):
            _take(jar, line)
        return answer


def _header(jar: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in jar.items())


def _take(jar: dict[str, str], line: str) -> None:
    for name, morsel in SimpleCookie(line).items():
        if morsel["max-age"] == "0" or not morsel.value:
            jar.pop(name, None)
        else:
            jar[name] = morsel.coded_value
