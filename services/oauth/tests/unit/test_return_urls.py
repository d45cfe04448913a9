"""Addresses to return to: HubSpot's own and no other."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth.errors import ReturnUrlError
from oauth.handlers.return_urls import LONGEST, check_return_url, with_state

STANDS_IN = "http://localhost:8081"


@pytest.mark.parametrize(
    "url",
    [
        "https://app.hubspot.com/oauth",
        "https://app-eu1.hubspot.com:443/x?a=b#c",
        "https://hubspot.com",
        "https://APP.HubSpot.com/x",
    ],
)
def test_hubspots_own_addresses_pass(url: str) -> None:
    """HTTPS on HubSpot's domain, unchanged."""
    assert url == check_return_url(url, None)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://app.hubspot.com/",
        "https://hubspot.com.evil.test/",
        "https://evilhubspot.com/",
        "https://evil.test/hubspot.com",
        "https://app.hubspot.com@evil.test/",
        "https://evil.test\\@app.hubspot.com/",
        "https://user:pw@app.hubspot.com/",
        "https://app.hubspot.com:8443/",
        "https://app.hubspot.com:99999999/",
        "https://[::1/",
        "//app.hubspot.com/",
        "/console",
        "javascript:alert(1)//app.hubspot.com",
        "https://app.hubspot.com/ x",
        "https://app.hubspot.com/\r\nSet-Cookie: a=b",
        "https://app.hubspot.com/é",
        "https://аpp.hubspot.com/",  # noqa: RUF001 - a Cyrillic letter, on purpose
        "https://app.hubspot.com/" + "x" * LONGEST,
        STANDS_IN,
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    """Other hosts, other schemes, tricks with user names, ports and characters: refused in production."""
    with pytest.raises(ReturnUrlError):
        check_return_url(url, None)


def test_a_stand_in_passes_where_one_is_configured() -> None:
    """In development one other origin is allowed, and only that very one."""
    assert f"{STANDS_IN}/x" == check_return_url(f"{STANDS_IN}/x", STANDS_IN)
    for url in ("http://localhost:8081.evil.test/", "http://localhost:80811/", "https://localhost:8081/"):
        with pytest.raises(ReturnUrlError):
            check_return_url(url, STANDS_IN)


@given(st.text(max_size=60))
def test_whatever_passes_is_hubspots(text: str) -> None:
    """For any text at all: it is refused, or its host is HubSpot's."""
    for url in (text, f"https://{text}", f"https://app.hubspot.com{text}"):
        try:
            passed = check_return_url(url, None)
        except ReturnUrlError:
            continue
        assert (urlsplit(passed).hostname or "").endswith("hubspot.com")
        assert "https" == urlsplit(passed).scheme


def test_a_state_joins_the_query() -> None:
    """A state is added to what the address has, in place of one that was there, and escaped."""
    url = with_state("https://app.hubspot.com/x?a=1&state=planted&b=#end", "new&state")

    assert {"a": ["1"], "b": [""], "state": ["new&state"]} == parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert url.startswith("https://app.hubspot.com/x?")
    assert url.endswith("#end")
