"""The console's forms: saved, refused, outdated, forged, of others."""

import httpx2
import pytest
from services.oauth.tests.unit._played_console import JSON, NOW, PORTAL, REVISION, URL, Form, PlayedUse

from contracts.failures import Code
from contracts.tenants import TenantSettings
from oauth.adapters.form_tokens import HmacFormTokens
from oauth.adapters.in_memory import InMemoryConsole
from oauth.api.console_words import CHERT_AWAY, NOTICES
from oauth.api.pages import account_url
from oauth.api.sessions import SESSION_COOKIE
from oauth.errors import (
    ChertAwayError,
    Problem,
    RevisionMovedError,
    SettingsRefusedError,
    TenantInactiveError,
)
from oauth.models import (
    Ended,
    Project,
)


async def test_settings_are_saved(ada: httpx2.AsyncClient, use: PlayedUse, filled: dict[str, str]) -> None:
    """A good form is saved as typed, an absent switch is off, and the browser is led back to the page with a word."""
    answer = await ada.post(f"{URL}/settings", data=filled)

    assert (303, f"{URL}?notice=saved") == (answer.status_code, answer.headers["location"])
    wanted = TenantSettings(
        label="Branch",
        phone_line_id="line-1",
        default_region="GB",
        auto_create_leads=False,
        auto_send_on_create=True,
        auto_send_template="Hi {{ contact.firstname }}\nBye",
        retention_days=30,
    )
    assert [(wanted, REVISION)] == use.saved
    assert NOTICES["saved"] in (await ada.get(answer.headers["location"])).text


@pytest.mark.parametrize("as_json", [False, True])
async def test_refused_settings_come_back(
    ada: httpx2.AsyncClient, use: PlayedUse, filled: dict[str, str], as_json: bool
) -> None:
    """What cannot be saved comes back as typed with words at each field and links to them; a script gets the body."""
    use.trouble = SettingsRefusedError(
        Problem("default_region", "No such <b>region</b>."), Problem("label", "Too long.")
    )

    answer = await ada.post(f"{URL}/settings", data=filled, headers=JSON if as_json else {})

    assert 400 == answer.status_code
    if as_json:
        assert Code.INVALID_FIELD == answer.json()["code"]
        assert {"default_region": "No such <b>region</b>.", "label": "Too long."} == answer.json()["problems"]
        return
    form = Form(answer.text)
    assert "Branch" == form.fields["label"]["value"]
    assert "true" == form.fields["label"]["aria-invalid"]
    assert "default_region-error" in (form.fields["default_region"]["aria-describedby"] or "").split()
    assert {"label", "default_region"} <= set(form.links)
    assert str(REVISION) == form.fields["revision"]["value"]
    assert "No such &lt;b&gt;region&lt;/b&gt;." in answer.text
    assert "aria-invalid" not in form.fields["retention_days"]


async def test_settings_that_cannot_be_read_come_back(
    ada: httpx2.AsyncClient, use: PlayedUse, filled: dict[str, str]
) -> None:
    """Values that are no settings at all are refused at their fields, and nothing is asked of anyone."""
    wrong = {**filled, "retention_days": "many", "label": "x" * 201, "default_region": "<script>"}

    answer = await ada.post(f"{URL}/settings", data=wrong)

    assert 400 == answer.status_code
    invalid = {name for name, given in Form(answer.text).fields.items() if "aria-invalid" in given}
    assert {"retention_days", "label", "default_region"} == invalid
    assert "<script>" not in answer.text.lower()
    assert not use.saved


async def test_a_line_that_cannot_be_checked(ada: httpx2.AsyncClient, use: PlayedUse, filled: dict[str, str]) -> None:
    """While Chert is away a new line is not saved; the form comes back as typed and says to try again."""
    use.trouble = ChertAwayError()

    answer = await ada.post(f"{URL}/settings", data=filled)

    assert 503 == answer.status_code
    assert CHERT_AWAY in answer.text
    assert "Branch" == Form(answer.text).fields["label"]["value"]


@pytest.mark.parametrize("as_json", [False, True])
async def test_settings_that_moved_meanwhile(
    ada: httpx2.AsyncClient, use: PlayedUse, filled: dict[str, str], as_json: bool
) -> None:
    """A form that is older than what is saved changes nothing; its user sees both and may send it again."""
    use.trouble = RevisionMovedError()
    use.install(revision=9)

    answer = await ada.post(f"{URL}/settings", data=filled, headers=JSON if as_json else {})

    assert 409 == answer.status_code
    if as_json:
        assert answer.json()["ok"] is False
        return
    assert "Label: from <q>Head office</q> to <q>Branch</q>" in answer.text
    assert "Create leads when a workflow sends: from <q>on</q> to <q>off</q>" in answer.text
    assert "Phone line: from <q>+1 ••• 2222 (not active)</q> to <q>+1 ••• 1111</q>" in answer.text
    again = {name: given.get("value") or "" for name, given in Form(answer.text).fields.items()}
    use.trouble = None
    await ada.post(f"{URL}/settings", data=again)
    assert [("Branch", 9)] == [(saved.label, revision) for saved, revision in use.saved]
    assert use.saved[0][0].auto_create_leads is False


async def test_a_conflict_about_nothing(ada: httpx2.AsyncClient, use: PlayedUse, filled: dict[str, str]) -> None:
    """If what is saved meanwhile is what was wanted, there is nothing to decide."""
    use.trouble = RevisionMovedError()
    use.install(
        settings=TenantSettings(
            label="Branch",
            phone_line_id="line-1",
            default_region="GB",
            auto_create_leads=False,
            auto_send_on_create=True,
            auto_send_template="Hi {{ contact.firstname }}\nBye",
            retention_days=30,
        )
    )

    answer = await ada.post(f"{URL}/settings", data=filled)

    assert "is what is saved now" in answer.text
    assert "Save mine instead" not in answer.text


async def test_settings_of_an_account_that_left(
    ada: httpx2.AsyncClient, use: PlayedUse, filled: dict[str, str]
) -> None:
    """Settings of an account that is no longer connected are not saved; the browser is led back to read why."""
    use.trouble = TenantInactiveError()
    use.install(status="inactive", ended=Ended("app_uninstalled", NOW))

    answer = await ada.post(f"{URL}/settings", data=filled)
    script = await ada.post(f"{URL}/settings", data=filled, headers=JSON)

    assert (303, f"{URL}?notice=not_connected") == (answer.status_code, answer.headers["location"])
    assert Code.NOT_CONNECTED == script.json()["code"]


async def test_disconnecting_asks_first(ada: httpx2.AsyncClient, use: PlayedUse) -> None:
    """The question says what happens and what stays, and changes nothing by being asked."""
    page = (await ada.get(f"{URL}/disconnect")).text

    for words in ("Disconnect Head office?", "the card stops loading", "not deleted", "tokens are erased"):
        assert words in page
    assert not use.disconnected

    form = {name: given.get("value") or "" for name, given in Form(page).fields.items()}
    answer = await ada.post(f"{URL}/disconnect", data=form)

    assert (303, f"{URL}?notice=disconnected") == (answer.status_code, answer.headers["location"])
    assert [REVISION] == use.disconnected


async def test_an_account_that_left_is_not_asked_about(ada: httpx2.AsyncClient, use: PlayedUse) -> None:
    """There is no question about an account that is not connected."""
    use.install(status="inactive", ended=Ended("app_uninstalled", NOW))

    answer = await ada.get(f"{URL}/disconnect")

    assert (303, f"{URL}?notice=not_connected") == (answer.status_code, answer.headers["location"])


@pytest.mark.parametrize("as_json", [False, True])
async def test_an_account_that_moved_is_not_disconnected(
    ada: httpx2.AsyncClient, use: PlayedUse, filled: dict[str, str], as_json: bool
) -> None:
    """An account that was changed since the question is not disconnected on the old answer."""
    use.trouble = RevisionMovedError()

    answer = await ada.post(f"{URL}/disconnect", data=filled, headers=JSON if as_json else {})

    assert 409 == answer.status_code
    assert as_json or "Nothing was disconnected" in answer.text


@pytest.mark.parametrize("path", ["settings", "disconnect"])
@pytest.mark.parametrize("token", [None, "", "planted", "ä", "x" * 5000])
async def test_a_form_needs_its_token(
    ada: httpx2.AsyncClient, use: PlayedUse, filled: dict[str, str], path: str, token: str | None
) -> None:
    """Without the token of this very session no form does anything, and the page says what to do."""
    form = {name: value for name, value in {**filled, "form_token": token}.items() if value is not None}

    answer = await ada.post(f"{URL}/{path}", data=form)

    assert 403 == answer.status_code
    assert "This form has expired" in answer.text
    assert (use.saved, use.disconnected) == ([], [])


async def test_a_token_of_another_session_is_none(
    ada: httpx2.AsyncClient,
    use: PlayedUse,
    filled: dict[str, str],
    forms: HmacFormTokens,
    console: InMemoryConsole,
    acme: Project,
) -> None:
    """A token that was given to another session opens nothing in this one."""
    stolen = {**filled, "form_token": forms.issue(console.session("bob", acme))}

    assert 403 == (await ada.post(f"{URL}/settings", data=stolen)).status_code
    assert 303 == (await ada.post(f"{URL}/settings", data=filled)).status_code
    assert 1 == len(use.saved)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("GET", "/disconnect"), ("POST", "/settings"), ("POST", "/disconnect")]
)
async def test_every_address_of_others_is_404(
    ada: httpx2.AsyncClient, filled: dict[str, str], method: str, path: str
) -> None:
    """Another project, an unknown account, or both: 404 for page and script, whatever else would be true of them."""
    for url in (account_url("p-globex", PORTAL), account_url("p-acme", 1), account_url("p-nobody", 1)):
        form = filled if method == "POST" else None
        page = await ada.request(method, url + path, data=form)
        script = await ada.request(method, url + path, data=form, headers=JSON)

        assert (404, 404) == (page.status_code, script.status_code)
        assert "There is nothing here" in page.text
        assert script.json()["ok"] is False
    rightly = await ada.request(method, URL + path, data=filled if method == "POST" else None)
    assert rightly.status_code in {200, 303}


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("GET", "/disconnect"), ("POST", "/settings"), ("POST", "/disconnect")]
)
@pytest.mark.parametrize("token", [None, "forged"])
async def test_without_a_session_nothing_is_shown_or_done(
    ada: httpx2.AsyncClient, use: PlayedUse, filled: dict[str, str], method: str, path: str, token: str | None
) -> None:
    """Without a session, or with a forged one, a browser signs in and a script is told; nothing happens."""
    ada.cookies.clear()
    if token is not None:
        ada.cookies.set(SESSION_COOKIE, token)

    page = await ada.request(method, URL + path, data=filled if method == "POST" else None)
    script = await ada.request(method, URL + path, data=filled if method == "POST" else None, headers=JSON)

    assert 302 == page.status_code
    assert page.headers["location"].startswith("https://chert.test/login?")
    assert 401 == script.status_code
    assert (use.saved, use.disconnected) == ([], [])


async def test_repeated_and_missing_fields_are_refused(
    ada: httpx2.AsyncClient, use: PlayedUse, filled: dict[str, str]
) -> None:
    """A field that comes twice, no revision, and a revision that is none are refused before anything is done."""
    for form in (
        {**filled, "label": ["a", "b"]},
        {name: value for name, value in filled.items() if name != "revision"},
        {**filled, "revision": "-1"},
        {**filled, "revision": "9" * 400},
    ):
        assert 400 == (await ada.post(f"{URL}/settings", data=form)).status_code
    assert not use.saved
