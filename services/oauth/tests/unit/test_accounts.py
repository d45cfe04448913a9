"""One account as its admin sees it: facts, a checklist that does not guess, and activity."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from chassis.clock import ManualClock
from contracts.internal import BreakerState, ReplyActivity, ReplyActivityPage, SendActivity, SendActivityPage
from contracts.tenants import TenantSettings
from oauth.adapters.in_memory import InMemoryActivity, InMemoryHubSpot, InMemoryInstallations, InMemoryPhoneLines
from oauth.api.routes import Outside
from oauth.errors import (
    AccountNotFoundError,
    AppRejectedError,
    ChertAwayError,
    HubSpotAwayError,
    ProjectInactiveError,
)
from oauth.handlers.access_tokens import AccessTokens
from oauth.handlers.accounts import AccountView, CheckName, CheckState, answered, portal_url, view_account
from oauth.handlers.activity import Activity, ActivityFilter, read_activity
from oauth.handlers.binding import deactivate
from oauth.handlers.leases import Leases
from oauth.handlers.settings import change_settings
from oauth.models import AccountDetails, Installation, PhoneLine, Project, Session

PORTAL = 62515
ACTIVE = PhoneLine("line-1", "••• 0001", active=True)
IDLE = PhoneLine("line-2", "••• 0002", active=False)

Connect = Callable[..., Awaitable[Installation]]
View = Callable[[Session, str, int], Awaitable[AccountView]]
Read = Callable[[Session, str, int, ActivityFilter], Awaitable[Activity]]


@pytest.fixture
def access_tokens(outside: Outside, clock: ManualClock) -> AccessTokens:
    """Gives out access tokens."""
    leases = Leases(outside.leases, clock=clock, holder="this")
    return AccessTokens(
        installations=outside.installations,
        tokens=outside.tokens,
        sealer=outside.sealer,
        leases=leases,
        clock=clock,
    )


@pytest.fixture
def view(outside: Outside, access_tokens: AccessTokens, clock: ManualClock) -> View:
    """Looks at one account."""
    return partial(
        view_account,
        installations=outside.installations,
        access_token=access_tokens.get,
        directory=outside.directory,
        lines=outside.lines,
        activity=outside.activity,
        hubspot_origin=None,
        clock=clock,
    )


@pytest.fixture
def read(outside: Outside, access_tokens: AccessTokens, clock: ManualClock) -> Read:
    """Reads the activity of one account."""
    return partial(
        read_activity,
        installations=outside.installations,
        access_token=access_tokens.get,
        directory=outside.directory,
        activity=outside.activity,
        hubspot_origin=None,
        clock=clock,
    )


def states(seen: AccountView) -> dict[CheckName, CheckState]:
    """The checklist."""
    return {check.name: check.state for check in seen.checks}


def send(clock: ManualClock, **changes: object) -> SendActivity:
    """A send that was refused."""
    usual = SendActivity(
        at=clock.now(),
        project_id="p-acme",
        source="workflow",
        contact_id="901",
        status="refused",
        code=1013,
        words="contact has no usable phone number",
        trace_id="a" * 32,
    )
    return usual.model_copy(update=changes)


async def test_a_connected_account_is_shown_whole(
    connect: Connect,
    view: View,
    lines: InMemoryPhoneLines,
    activity: InMemoryActivity,
    clock: ManualClock,
    ada_session: Session,
    acme: Project,
) -> None:
    """Name, link, lines, and a checklist in which all that has a source is met."""
    await connect(acme)
    lines.lines["acme"] = (ACTIVE, IDLE)
    activity.sent = SendActivityPage(card_opened_at=clock.now(), action_called_at=clock.now())
    seen = await view(ada_session, acme.id, PORTAL)

    assert (f"{PORTAL}.example.test", f"https://app.hubspot.com/contacts/{PORTAL}") == (
        seen.details and seen.details.name,
        seen.url,
    )
    assert ((ACTIVE, IDLE), ()) == (seen.lines, seen.missing)
    assert {
        "token": "met",
        "project": "met",
        "line": "met",
        "template": "unknown",
        "subscription": "unknown",
        "automation": "met",
        "card": "met",
        "action": "met",
    } == states(seen)


async def test_what_nobody_can_say_is_unknown(
    connect: Connect,
    view: View,
    hubspot: InMemoryHubSpot,
    lines: InMemoryPhoneLines,
    ada_session: Session,
    acme: Project,
) -> None:
    """With HubSpot, Chert and the sisters away the page still comes, and nothing of it is guessed."""
    await connect(acme)
    hubspot.troubles.append(HubSpotAwayError("x"))
    lines.trouble = ChertAwayError("x")
    seen = await view(ada_session, acme.id, PORTAL)

    assert (None, None, None) == (seen.details, seen.url, seen.lines)
    assert {"unknown"} == {states(seen)[name] for name in ("token", "project", "line", "card", "action")}


async def test_what_is_wrong_is_not_met(
    connect: Connect,
    view: View,
    hubspot: InMemoryHubSpot,
    lines: InMemoryPhoneLines,
    activity: InMemoryActivity,
    ada_session: Session,
    acme: Project,
) -> None:
    """Each prerequisite that is known to fail says so."""
    await connect(acme, without=("automation",))
    hubspot.troubles.append(AppRejectedError("x"))
    lines.trouble = ProjectInactiveError("x")
    activity.sent = SendActivityPage()
    seen = await view(ada_session, acme.id, PORTAL)

    assert {"not_met"} == {states(seen)[name] for name in ("token", "project", "line", "automation", "action")}
    assert ("automation",) == seen.missing
    lines.trouble = None
    lines.lines["acme"] = (IDLE,)
    again = states(await view(ada_session, acme.id, PORTAL))
    assert ("met", "not_met") == (again["project"], again["line"])


async def test_the_chosen_line_is_the_one_that_counts(
    connect: Connect,
    view: View,
    installations: InMemoryInstallations,
    lines: InMemoryPhoneLines,
    clock: ManualClock,
    ada_session: Session,
    acme: Project,
) -> None:
    """When a line was chosen and is no longer active, another active one does not help."""
    before = await connect(acme)
    lines.lines["acme"] = (replace(IDLE, active=True), ACTIVE)
    chosen = TenantSettings(phone_line_id=IDLE.id, auto_send_template="Hi")
    await change_settings(
        ada_session, acme.id, PORTAL, chosen, before.revision, installations=installations, lines=lines, clock=clock
    )
    lines.lines["acme"] = (IDLE, ACTIVE)

    seen = await view(ada_session, acme.id, PORTAL)
    assert ("not_met", "met") == (states(seen)["line"], states(seen)["template"])
    assert ["settings_changed"] == [entry.kind for entry in seen.audit]
    assert ["installed"] == [entry.kind for entry in seen.installs]


async def test_a_disconnected_account_is_shown_too(
    connect: Connect,
    view: View,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    clock: ManualClock,
    ada_session: Session,
    acme: Project,
) -> None:
    """It has no token, HubSpot is not asked, and its history says how it ended."""
    await deactivate(await connect(acme), "app_uninstalled", installations=installations, clock=clock)
    seen = await view(ada_session, acme.id, PORTAL)

    assert "not_met" == states(seen)["token"]
    assert 0 == hubspot.calls["details"]
    assert ["ended", "installed"] == [entry.kind for entry in seen.installs]


async def test_nobody_sees_what_is_not_theirs(
    connect: Connect,
    view: View,
    read: Read,
    installations: InMemoryInstallations,
    clock: ManualClock,
    ada_session: Session,
    bob_session: Session,
    acme: Project,
    globex: Project,
) -> None:
    """Accounts of others are as unknown as those that are not there; after a move, so is their former life."""
    await connect(acme)
    for session, project_id, portal_id in (
        (bob_session, acme.id, PORTAL),
        (bob_session, globex.id, PORTAL),
        (ada_session, globex.id, PORTAL),
        (ada_session, acme.id, PORTAL + 1),
    ):
        with pytest.raises(AccountNotFoundError):
            await view(session, project_id, portal_id)
        with pytest.raises(AccountNotFoundError):
            await read(session, project_id, portal_id, ActivityFilter())
    found = await installations.get(PORTAL)
    assert found is not None
    await deactivate(found, "disconnected", installations=installations, clock=clock)
    await connect(globex)

    assert ["installed"] == [entry.kind for entry in (await view(bob_session, globex.id, PORTAL)).installs]
    assert 3 == len((await view(ada_session, globex.id, PORTAL)).installs)


async def test_activity_is_filtered(
    connect: Connect, read: Read, activity: InMemoryActivity, clock: ManualClock, ada_session: Session, acme: Project
) -> None:
    """By status, by source and by days, and never anything of a project that the account was bound to before."""
    await connect(acme)
    activity.sent = SendActivityPage(
        sends=(
            send(clock),
            send(clock, source="card", status="sent"),
            send(clock, project_id="p-former"),
            send(clock, at=clock.now() - timedelta(days=8)),
        )
    )

    async def count(wanted: ActivityFilter) -> int:
        return len((await read(ada_session, acme.id, PORTAL, wanted)).sends)

    assert 3 == await count(ActivityFilter())
    assert 2 == await count(ActivityFilter(status="refused"))
    assert 1 == await count(ActivityFilter(source="card"))
    assert 0 == await count(ActivityFilter(source="card", status="refused"))
    assert 2 == await count(ActivityFilter(days=7))


async def test_sisters_that_are_away_are_named(
    connect: Connect, read: Read, activity: InMemoryActivity, clock: ManualClock, ada_session: Session, acme: Project
) -> None:
    """What one sister says is shown although the other cannot be asked."""
    await connect(acme)
    nothing = await read(ada_session, acme.id, PORTAL, ActivityFilter())
    theirs = ReplyActivity(at=clock.now(), project_id="p-former", status="written", trace_id="b" * 32)
    ours = theirs.model_copy(update={"project_id": acme.id})
    activity.received = ReplyActivityPage(replies=(ours, theirs), breaker=BreakerState(open=True))
    some = await read(ada_session, acme.id, PORTAL, ActivityFilter())

    assert (("actions", "timeline"), (), None) == (nothing.away, nothing.sends, nothing.breaker)
    assert ("actions",) == some.away
    assert (ours,) == some.replies
    assert some.breaker is not None
    assert some.breaker.open


async def test_contacts_are_linked_on_hubspots_hosts_alone(
    connect: Connect, read: Read, ada_session: Session, acme: Project
) -> None:
    """A contact's link is built from its number; what is no number has none."""
    await connect(acme)
    activity = await read(ada_session, acme.id, PORTAL, ActivityFilter())

    assert f"https://app.hubspot.com/contacts/{PORTAL}/record/0-1/901" == activity.contact_url("901")
    for odd in (None, "", "9/../1", "١٢"):
        assert activity.contact_url(odd) is None


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("app-eu1.hubspot.com", "https://app-eu1.hubspot.com/contacts/1"),
        ("localhost:8081", "http://localhost:8081/contacts/1"),
        ("evil.test", None),
        ("evil.test/.hubspot.com", None),
        ("a@b.hubspot.com", None),
        ("", None),
        (None, None),
    ],
)
def test_a_portal_is_linked_on_hubspots_hosts_alone(host: str | None, url: str | None) -> None:
    """Whatever HubSpot names as its host, a link goes to HubSpot, or to what stands in for it."""
    details = AccountDetails(1, None, host, None)

    assert url == portal_url(details, "http://localhost:8081")


async def test_a_page_does_not_wait_for_ever() -> None:
    """An answer that does not come in time is an answer that nobody gave."""

    async def never() -> None:
        raise TimeoutError

    async def at_once() -> int:
        return 7

    assert isinstance(await answered(never()), TimeoutError)
    assert 7 == await answered(at_once())
