"""What an admin's browser does, against a played console."""

import httpx2
import pytest

from harness.admins import SESSION_COOKIE, Admin, Consent, UnexpectedAnswerError

PAGE = """
<form method="post" action="/console/projects/p/accounts/1/settings">
  <input type="hidden" name="form_token" value="t1"><input type="hidden" name="revision" value="7">
  <input type="checkbox" name="auto_create_leads" value="on">
</form>
"""


class Console:
    """Answers as the console and HubSpot do, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one request."""
        self.asked.append(request)
        where = {
            "/login": {"location": "/console", "set-cookie": f"{SESSION_COOKIE}=s1; Path=/; Secure"},
            "/api/hubspot/oauth/install": {"location": "http://hubspot.test/oauth/authorize", "set-cookie": "state=x1"},
            "/oauth/authorize": {"location": "http://localhost/api/hubspot/oauth/callback?code=c1&state=x1"},
        }
        if request.url.path in where:
            return httpx2.Response(302, headers=where[request.url.path])
        return httpx2.Response(200, text=PAGE) if request.method == "GET" else httpx2.Response(303)


@pytest.fixture
def console() -> Console:
    """The played console."""
    return Console()


@pytest.fixture
async def admin(console: Console) -> Admin:
    """Somebody signed in there."""
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(console))
    return await Admin.sign_in(http, "http://chert.test", "ada@acme.test")


async def test_each_install_carries_its_own_cookies(admin: Admin, console: Console) -> None:
    """A callback brings the session and the cookies of its own tab, and goes to whichever process is asked."""
    begun = await admin.begin("http://oauth.test", "project")
    consent = await admin.approve(begun, 1)
    await admin.finish("http://other.test", consent)

    assert Consent("/api/hubspot/oauth/callback?code=c1&state=x1", "state=x1") == consent
    assert {"code": "c1", "state": "x1"} == consent.secrets
    assert "other.test" == console.asked[-1].url.host
    assert f"{SESSION_COOKIE}=s1; state=x1" == console.asked[-1].headers["cookie"]


async def test_a_form_is_sent_with_what_proves_it(admin: Admin, console: Console) -> None:
    """Settings go with the page's token and revision, and no switch is on that was not asked for."""
    answer = await admin.change_settings("http://oauth.test", "p", 1, label="Sales")

    assert 303 == answer.status_code
    assert b"form_token=t1&revision=7&label=Sales" == console.asked[-1].content


async def test_a_page_without_the_form_is_the_answer(admin: Admin) -> None:
    """Whoever cannot disconnect sees why."""
    answer = await admin.disconnect("http://oauth.test", "p", 1)

    assert ("GET", 200) == (answer.request.method, answer.status_code)


async def test_a_step_that_leads_nowhere_is_an_error(admin: Admin) -> None:
    """An install that HubSpot or the console stops does not go on silently."""
    begun = await admin.begin("http://oauth.test", "project")
    with pytest.raises(UnexpectedAnswerError, match="/nowhere answered 303"):
        await admin.approve(type(begun)("http://hubspot.test/nowhere", ""), 1)
