"""The scripted browser: redirects, forms and cookies."""

from collections.abc import Callable

import httpx2
import pytest

from harness.browser import Browser, NavigationError

Answer = Callable[[httpx2.Request], httpx2.Response]

FORM = '<form method="post" action="/login"><input name="user" value="bob"><input name="next" value="/home"></form>'


def browser(answer: Answer) -> Browser:
    """A browser on a network where one function answers everything."""
    return Browser(httpx2.MockTransport(answer))


async def test_secure_cookies_are_kept_on_http_localhost() -> None:
    """What a real browser keeps on localhost is sent back to the origin that set it, and to no other."""
    sent: list[tuple[str, str | None]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append((request.url.netloc.decode(), request.headers.get("cookie")))
        return httpx2.Response(200, headers={"set-cookie": "__Host-s=a.b-c; Path=/; Secure; HttpOnly; SameSite=Lax"})

    async with browser(answer) as user:
        await user.get("http://localhost:1/")
        await user.get("http://localhost:1/again")
        await user.get("http://localhost:2/")

    assert [("localhost:1", None), ("localhost:1", "__Host-s=a.b-c"), ("localhost:2", None)] == sent


async def test_a_cookie_ends_when_the_server_says_so() -> None:
    """Max-Age=0 removes a cookie."""
    sent: list[str | None] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request.headers.get("cookie"))
        ends = "; Max-Age=0" if len(sent) > 1 else ""
        return httpx2.Response(200, headers={"set-cookie": f"s=1{ends}"})

    async with browser(answer) as user:
        for _ in range(3):
            await user.get("http://localhost:1/")

    assert [None, "s=1", None] == sent


async def test_a_form_is_sent_and_its_redirect_followed() -> None:
    """A form goes to its action with its fields, some changed; the redirect after it is followed with GET."""
    seen: list[tuple[str, str, bytes]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append((request.method, request.url.path, request.content))
        if request.method == "POST":
            return httpx2.Response(303, headers={"location": "/home"})
        return httpx2.Response(200, text=FORM)

    async with browser(answer) as user:
        asked = await user.get("http://localhost:1/ask")
        home = await user.submit(asked, asked.page.forms[0], user="ada")

    assert [("GET", "/ask", b""), ("POST", "/login", b"user=ada&next=%2Fhome"), ("GET", "/home", b"")] == seen
    assert ("/home", 200) == (home.path, home.status)
    assert ("http://localhost:1/login", "http://localhost:1/home") == home.way


async def test_a_circle_of_redirects_ends() -> None:
    """A redirect that never arrives is an error, not a hang."""
    async with browser(lambda _request: httpx2.Response(302, headers={"location": "/"})) as user:
        with pytest.raises(NavigationError):
            await user.get("http://localhost:1/")
