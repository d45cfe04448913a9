"""An account's page in every state, as HTML and as JSON."""

import re
from dataclasses import replace
from functools import partial
from typing import get_args

import httpx2
import pytest
from services.oauth.tests.unit._played_console import HUBSPOT, JSON, NOW, REVISION, URL, Form, PlayedUse, parted

from contracts.internal import BreakerState, ReplyActivity, SendActivity
from contracts.tenants import TenantSettings
from oauth.api.console_activity import AWAY, SOURCES, STATUSES
from oauth.api.console_words import EDITIONS, FIELDS
from oauth.api.words import CHECKS, ENDS, SCOPES
from oauth.handlers.checklist import Check, CheckName
from oauth.models import (
    Actor,
    Change,
    Departure,
    Ended,
    EndReason,
    HistoryEntry,
    Project,
    Sealed,
    SealedTokens,
)


async def test_a_connected_account(ada: httpx2.AsyncClient) -> None:
    """The page shows name, badge, HubSpot's own name with a link, project, and every section."""
    page = (await ada.get(URL)).text

    for words in (
        "<h1>Head office</h1>",
        'class="badge connected">Connected<',
        "acme.example",
        f'href="{HUBSPOT}"',
        "HubSpot account 62515",
        "project Acme",
        "22 November 2026, 12:00 UTC",
        f'href="{URL}/disconnect"',
    ):
        assert words in page
    for section in ("checklist", "next", "settings", "activity", "permissions", "history", "disconnect"):
        assert f'<section id="{section}"' in page


async def test_an_account_that_hubspot_does_not_describe(ada: httpx2.AsyncClient, use: PlayedUse) -> None:
    """While HubSpot cannot be asked there is no link to it, and no name of its own; the rest stands."""
    use.show(details=None, url=None)
    use.install(settings=TenantSettings())

    page = (await ada.get(URL)).text

    assert "<h1>HubSpot account 62515</h1>" in page
    assert "Open this account in HubSpot" not in page


@pytest.mark.parametrize("reason", get_args(EndReason))
async def test_an_account_that_ended(ada: httpx2.AsyncClient, use: PlayedUse, reason: EndReason) -> None:
    """An account that is not connected says why, how to connect it again, and offers neither form nor Disconnect."""
    use.install(status="inactive", ended=Ended(reason, NOW))

    page = (await ada.get(URL)).text

    assert f'<span class="badge">{ENDS[reason]}</span>' in page
    assert "/api/hubspot/oauth/install?project=p-acme" in page
    assert "Settings are kept" in page
    assert 'name="label"' not in page
    assert "/disconnect" not in page


async def test_a_departure_under_way(ada: httpx2.AsyncClient, use: PlayedUse) -> None:
    """While HubSpot is still being told of a disconnect, the page says so."""
    sealed = Sealed("k1", b"", b"")
    departure = Departure("uninstall", SealedTokens(sealed, sealed, NOW), NOW, NOW)
    use.install(status="inactive", ended=Ended("disconnected", NOW), departure=departure)

    assert "HubSpot is still being told" in (await ada.get(URL)).text
    use.install(departure=None)
    assert "HubSpot is still being told" not in (await ada.get(URL)).text


@pytest.mark.parametrize("name", get_args(CheckName))
async def test_each_check_has_words_for_each_state(ada: httpx2.AsyncClient, use: PlayedUse, name: CheckName) -> None:
    """Every line of the checklist says in words whether it is done; if not, what to do; if not known, why."""
    seen = {}
    for state in ("met", "not_met", "unknown"):
        use.show(checks=(Check(name, state),))
        checklist = parted((await ada.get(URL)).text, "checklist")
        seen[state] = checklist
        assert CHECKS[name].title in checklist.replace("&#39;", "'")
    assert ("Done:" in seen["met"], "<small>" in seen["met"]) == (True, False)
    assert "To do:" in seen["not_met"]
    assert CHECKS[name].remedy in seen["not_met"].replace("&#39;", "'")
    assert "1 thing needs your attention" in seen["not_met"]
    assert "Not known:" in seen["unknown"]
    assert CHECKS[name].unknown in seen["unknown"].replace("&#39;", "'")


async def test_a_missing_automation_is_explained(ada: httpx2.AsyncClient, use: PlayedUse) -> None:
    """A permission that was not granted stands apart, with its meaning, the consequence and the remedy."""
    assert "Not granted" not in parted((await ada.get(URL)).text, "permissions")
    use.show(missing=("automation",))

    permissions = parted((await ada.get(URL)).text, "permissions")
    granted, _, missing = permissions.partition("Not granted")

    assert SCOPES["automation"].without in missing
    assert "<code>automation</code>" not in granted
    assert "<code>crm.objects.contacts.write</code>" in granted


async def test_what_to_do_next(ada: httpx2.AsyncClient) -> None:
    """The page says how to add the card and the action, and what works in which edition of HubSpot."""
    following = parted((await ada.get(URL)).text, "next")

    for words in ("Chert iMessage", "Send iMessage via Chert", "Record customization"):
        assert words in following
    for edition in EDITIONS:
        cells = following.partition(f">{edition.name}</th>")[2].partition("</tr>")[0]
        wanted = [edition.card, edition.workflow, edition.creation]
        assert ["yes" if works else "no" for works in wanted] == re.findall("<td>(yes|no)</td>", cells)


async def test_the_form_holds_what_is_saved(ada: httpx2.AsyncClient, use: PlayedUse) -> None:
    """Every setting has a field with a label, a description that exists, and its saved value."""
    page = (await ada.get(URL)).text
    form = Form(page)

    for name in FIELDS:
        given = form.fields[name]
        assert name in form.labels
        assert set((given["aria-describedby"] or "").split()) <= set(form.ids)
        assert "aria-invalid" not in given
    assert set(TenantSettings.model_fields) == set(FIELDS)
    assert ("Head office", "US", "90") == tuple(
        form.fields[name]["value"] for name in ("label", "default_region", "retention_days")
    )
    assert "checked" in form.fields["auto_create_leads"]
    assert "checked" not in form.fields["auto_send_on_create"]
    assert '<option value="line-2" selected>+1 ••• 2222 (not active)</option>' in page
    assert str(REVISION) == form.fields["revision"]["value"]
    assert len(form.ids) == len(set(form.ids))
    assert set(form.links) <= set(form.ids)


async def test_the_chosen_line_survives_when_chert_is_away(ada: httpx2.AsyncClient, use: PlayedUse) -> None:
    """While Chert cannot be asked for its lines, the chosen one stays chosen and the form says that more may exist."""
    use.show(lines=None)

    settings = parted((await ada.get(URL)).text, "settings")

    assert '<option value="line-2" selected>Line line-2</option>' in settings
    assert "cannot be asked for your lines" in settings


@pytest.mark.parametrize("query", ["status=lost", "source=evil", "notice=<b>", "status=sent&status=sent"])
async def test_odd_queries_are_refused(ada: httpx2.AsyncClient, query: str) -> None:
    """A filter that does not exist, an invented notice and a repeated parameter are refused, and not reflected."""
    answer = await ada.get(f"{URL}?{query}")

    assert 400 == answer.status_code
    assert "evil" not in answer.text
    assert "<b>" not in answer.text


a_send = partial(SendActivity, at=NOW, project_id="p-acme")
a_reply = partial(ReplyActivity, at=NOW, project_id="p-acme")


def some_sends() -> tuple[SendActivity, ...]:
    """A send of each sort."""
    refused = a_send(
        source="workflow",
        contact_id="901",
        phone="+1 ••• 0132",
        status="refused",
        code=4002,
        words="daily cap reached",
        trace_id="a" * 32,
    )
    sent = a_send(source="card", contact_id="902", status="sent", trace_id="b" * 32)
    waiting = a_send(source="contact_creation", contact_id="evil/../", status="waiting", trace_id="c" * 32)
    return refused, sent, waiting


async def test_activity_says_why(ada: httpx2.AsyncClient, use: PlayedUse) -> None:
    """A send shows source, contact, status, code, words and trace id; replies show theirs."""
    use.activity = replace(
        use.activity,
        sends=some_sends(),
        replies=(
            a_reply(contact_id="901", phone="+1 ••• 0132", status="written", trace_id="d" * 32),
            a_reply(phone="+1 ••• 0133", status="unmatched", trace_id="e" * 32),
        ),
    )

    activity = parted((await ada.get(URL)).text, "activity")

    for words in (
        *SOURCES.values(), STATUSES["refused"], STATUSES["sent"], STATUSES["waiting"], "Daily cap reached",
        "(code 4002)", f"{HUBSPOT}/record/0-1/901", "a" * 32, "+1 ••• 0132", STATUSES["written"],
        STATUSES["unmatched"], "tried again when one appears",
    ):  # fmt: skip
        assert words in activity
    assert "evil" not in activity


async def test_what_waits_says_why_too(ada: httpx2.AsyncClient, use: PlayedUse) -> None:
    """A send that waits under a code and has no words of its own gets those of the registry."""
    waiting = a_send(source="card", contact_id="1", status="waiting", code=4002, trace_id="a")
    use.activity = replace(use.activity, sends=(waiting,))

    activity = parted((await ada.get(URL)).text, "activity")

    assert "All lines are at their limit for now." in activity
    assert "(code 4002)" in activity


async def test_no_number_is_shown_in_full(ada: httpx2.AsyncClient, use: PlayedUse) -> None:
    """Whatever a sister or Chert calls a number, the page and its JSON show at most its last four digits."""
    full = "+14155550132"
    use.activity = replace(
        use.activity,
        sends=(a_send(source="card", contact_id="1", phone=full, status="sent", trace_id="a"),),
        replies=(a_reply(phone=full, status="written", trace_id="b"),),
    )

    for answer in (await ada.get(URL), await ada.get(URL, headers=JSON)):
        assert "5550132" not in answer.text
        assert 2 == answer.text.count("•0132") + answer.text.count("\\u20220132")


async def test_sisters_that_cannot_say(ada: httpx2.AsyncClient, use: PlayedUse) -> None:
    """A sister that is away is said to be; what the other says is shown."""
    use.activity = replace(use.activity, sends=some_sends(), away=("timeline",))
    without_replies = parted((await ada.get(URL)).text, "activity").replace("&#39;", "'")
    use.activity = replace(use.activity, sends=(), away=("actions", "timeline"))
    without_any = parted((await ada.get(URL)).text, "activity").replace("&#39;", "'")

    assert AWAY["timeline"] in without_replies
    assert AWAY["actions"] not in without_replies
    assert "Daily cap reached" in without_replies
    assert AWAY["actions"] in without_any


async def test_a_breaker_that_is_open(ada: httpx2.AsyncClient, use: PlayedUse) -> None:
    """While writing replies rests, the page says since when and that nothing is lost; closed, it says nothing."""
    use.activity = replace(use.activity, breaker=BreakerState(open=True, since=NOW, words="HubSpot answers 500"))
    resting = parted((await ada.get(URL)).text, "activity")
    use.activity = replace(use.activity, breaker=BreakerState(open=False))
    working = parted((await ada.get(URL)).text, "activity")

    assert "rests after repeated failures since 22 November 2026" in resting
    assert "HubSpot answers 500" in resting
    assert "rests after" not in working


async def test_activity_is_filtered(ada: httpx2.AsyncClient, use: PlayedUse) -> None:
    """The chosen filter is what is read, and stays chosen in the form."""
    page = (await ada.get(URL, params={"status": "refused", "source": "workflow"})).text

    assert [("refused", "workflow")] == [(chosen.status, chosen.source) for chosen in use.filters]
    assert '<option value="refused" selected>' in page
    assert '<option value="workflow" selected>' in page


async def test_history_says_who_did_what(ada: httpx2.AsyncClient, use: PlayedUse, acme: Project) -> None:
    """Installs and ends are listed with who did them, changes of settings with what they changed, all escaped."""
    ada_did, mallory = Actor("ada", "Ada"), Actor("m", "<i>Mallory</i>")
    use.show(
        installs=(
            HistoryEntry("ended", NOW, 3, 1, acme.id, reason="app_uninstalled"),
            HistoryEntry("renewed", NOW, 2, 1, acme.id, by=ada_did),
        ),
        audit=(
            HistoryEntry(
                "settings_changed", NOW, 4, 1, acme.id, by=mallory,
                changes=(Change("auto_create_leads", "True", "False"), Change("label", "", "<u>x</u>"),
                         Change("phone_line_id", "", "line-1"), Change("phone_line_id", "line-1", "line-7")),
            ),
        ),
    )  # fmt: skip

    history = parted((await ada.get(URL)).text, "history")

    for words in (
        ENDS["app_uninstalled"], "access was renewed", "by Ada", "&lt;i&gt;Mallory&lt;/i&gt;",
        "Create leads when a workflow sends: from <q>on</q> to <q>off</q>",
        "Label: from <q>(empty)</q> to <q>&lt;u&gt;x&lt;/u&gt;</q>",
        "Phone line: from <q>Pool default</q> to <q>+1 ••• 1111</q>",
        "Phone line: from <q>+1 ••• 1111</q> to <q>Line line-7</q>",
    ):  # fmt: skip
        assert words in history


async def test_the_same_as_json(ada: httpx2.AsyncClient, use: PlayedUse) -> None:
    """Whoever prefers JSON gets the same data: projects, account, question; no text of a message, no token."""
    use.activity = replace(use.activity, sends=some_sends())

    projects = (await ada.get("/console", headers=JSON)).json()
    account = (await ada.get(URL, headers=JSON)).json()
    question = (await ada.get(f"{URL}/disconnect", headers=JSON)).json()

    assert URL == projects["projects"][0]["accounts"][0]["url"]
    assert {"connected": True, "words": "Connected"} == account["badge"]
    assert ["bad", "good", "open"] == [send["state"] for send in account["activity"]["sends"]]
    assert set(FIELDS) == set(account["settings"]["fields"])
    assert REVISION == question["revision"]
    assert "no-store" == (await ada.get(URL, headers=JSON)).headers["cache-control"]


@pytest.mark.parametrize("address", ["/console", URL, f"{URL}/disconnect", "/console/help/app-not-found", f"{URL}/x"])
async def test_every_page_is_locked_down(ada: httpx2.AsyncClient, address: str) -> None:
    """Every page, refusals too, forbids scripts, foreign assets, framing, caching and referrers."""
    headers = (await ada.get(address)).headers

    policy = {part.split()[0]: part.split()[1:] for part in headers["content-security-policy"].split(";")}
    assert ["'none'"] == policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"]
    assert ["'self'"] == policy["style-src"] == policy["form-action"]
    assert "script-src" not in policy
    assert ("no-store", "no-referrer", "nosniff") == (
        headers["cache-control"], headers["referrer-policy"], headers["x-content-type-options"],
    )  # fmt: skip


async def test_the_help_page_needs_no_session(ada: httpx2.AsyncClient) -> None:
    """“App not found” and old links are explained to anyone, and every page leads there."""
    ada.cookies.clear()

    page = await ada.get("/console/help/app-not-found")

    assert 200 == page.status_code
    for words in ("App not found", "ten minutes", "Super Admin", "Connect HubSpot"):
        assert words in page.text
