"""Pages: for whom they are, where links lead, and what they never let through."""

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from oauth.api.pages import Pages, account_url, is_browser, redirect, see_other


def asking(accept: str, path: str = "/console") -> Request:
    """A request with this wish."""
    headers = [(b"accept", accept.encode("latin-1"))]
    return Request({"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers})


@pytest.mark.parametrize(
    ("accept", "wants_page"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("text/html", True),
        ("TEXT/HTML", True),
        ("application/json, text/html;q=0.5", False),
        ("application/json;q=0.4, text/html;q=0.5", True),
        ("text/html, application/json", True),
        ("text/html;q=0", False),
        ("application/json", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_a_page_is_for_who_prefers_one(accept: str, wants_page: bool) -> None:
    """A page goes to whoever names text/html and does not prefer JSON (RFC 9110, section 12.5.1)."""
    assert wants_page == is_browser(asking(accept))
    assert not is_browser(asking(accept, "/internal/tenants/1"))


@given(st.text(st.characters(max_codepoint=255)))
def test_any_wish_can_be_read(accept: str) -> None:
    """No Accept header whatever is an error."""
    assert is_browser(asking(accept)) in {True, False}


@given(st.text(min_size=1, max_size=100), st.integers(min_value=1))
def test_an_account_has_one_address_on_our_host(project_id: str, portal_id: int) -> None:
    """Whatever a project is called, an account's address is a path of ours with five parts."""
    url = account_url(project_id, portal_id)

    assert url.startswith("/console/projects/")
    assert 6 == len(url.split("/"))
    assert not set(url) & set("?#\\ \n<>\"'")


def test_redirects_are_private() -> None:
    """Redirects are not cached, pass no referrer on, and quote what they carry."""
    for answer, status in ((redirect("/a", b="c&d"), 302), (see_other("/a", b="c&d"), 303)):
        assert (status, "/a?b=c%26d") == (answer.status_code, answer.headers["location"])
        assert "no-store" == answer.headers["cache-control"]
        assert "no-referrer" == answer.headers["referrer-policy"]
    assert "/a?x=y&b=c" == redirect("/a?x=y", b="c").headers["location"]


def test_a_template_without_its_data_is_an_error() -> None:
    """A page that names what it was not given fails in tests, not in silence."""
    with pytest.raises(Exception, match="undefined"):
        Pages().render("account.html")
