"""One account as its admin sees it: facts, a checklist that does not guess, and activity."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from chassis.clock import ManualClock
from contracts.internal import BreakerState, ReplyActivity, ReplyActivityPage, SendActivity, SendActivityPage
from contracts.tenants import TenantSettings
from oauth.adapters.in_memory import (
    InMemoryActivity,
    InMemoryChertProjects,
    InMemoryHubSpot,
    InMemoryInstallations,
    InMemoryPhoneLines,
)
from oauth.api.routes import Outside
from oauth.errors import (
    AccountNotFoundError,
    AppRejectedError,
    ChertAwayError,
    HubSpotAwayError,
    ProjectInactiveError,
)
from oauth.handlers.access_tokens import AccessTokens
from oauth.handlers.accounts import AccountView, portal_url, view_account
from oauth.handlers.activity import ActivityFilter
from oauth.handlers.asking import Others, answered
from oauth.handlers.binding import deactivate
from oauth.handlers.checklist import CheckName, CheckState
from oauth.handlers.leases import Leases
from oauth.handlers.settings import change_settings
from oauth.models import AccountDetails, Installation, PhoneLine, Project, Session

PORTAL = 62515
ACTIVE = PhoneLine("line-1", "••• 0001", active=True)
IDLE = PhoneLine("line-2", "••• 0002", active=False)

Connect = Callable[..., Awaitable[Installation]]
View = Callable[..., Awaitable[AccountView]]


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
    others = Others(access_tokens.get, outside.directory, outside.lines, outside.projects, outside.activity)

    async def view(
        session: Session, project_id: str, portal_id: int, wanted: ActivityFilter | None = None
    ) -> AccountView:
        return await view_account(
            session,
            project_id,
            portal_id,
            wanted or ActivityFilter(),
            installations=outside.installations,
            histories=outside.histories,
            others=others,
            hubspot_origin=None,
            clock=clock,
        )

    return view


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


async def test_everyone_is_asked_once(
    connect: Connect,
    view: View,
    hubspot: InMemoryHubSpot,
    lines: InMemoryPhoneLines,
    activity: InMemoryActivity,
    ada_session: Session,
    acme: Project,
) -> None:
    """One page asks HubSpot for the account once, Chert for the lines once, and each sister once."""
    await connect(acme)
    activity.sent, activity.received = SendActivityPage(), ReplyActivityPage()

    await view(ada_session, acme.id, PORTAL)

    assert (1, 1, 2) == (hubspot.calls["details"], lines.asked, activity.asked)


@pytest.mark.parametrize(
    ("delivered", "came", "state"),
    [(True, True, "met"), (True, False, "unknown"), (False, True, "not_met"), (False, False, "not_met")],
)
async def test_replies_reach_us_once_one_has(
    connect: Connect,
    view: View,
    projects: InMemoryChertProjects,
    activity: InMemoryActivity,
    clock: ManualClock,
    ada_session: Session,
    acme: Project,
    delivered: bool,
    came: bool,
    state: CheckState,
) -> None:
    """It takes an active subscription and a reply that came; without a subscription no earlier reply helps."""
    await connect(acme)
    projects.delivered = delivered
    reply = ReplyActivity(at=clock.now(), project_id=acme.id, status="written", trace_id="b" * 32)
    activity.received = ReplyActivityPage(replies=(reply,) if came else ())

    assert state == states(await view(ada_session, acme.id, PORTAL))["subscription"]


@pytest.mark.parametrize(("template", "state"), [("Hi", "met"), (" ", "not_met"), (None, "unknown")])
async def test_the_project_s_template_counts_where_it_is_told(
    connect: Connect,
    view: View,
    projects: InMemoryChertProjects,
    ada_session: Session,
    acme: Project,
    template: str | None,
    state: CheckState,
) -> None:
    """An account without a template of its own has its project's, as far as Chert tells of that."""
    await connect(acme)
    if template is not None:
        projects.templates[acme.chert_tenant] = template

    assert state == states(await view(ada_session, acme.id, PORTAL))["template"]


async def test_what_nobody_can_say_is_unknown(
    connect: Connect,
    view: View,
    hubspot: InMemoryHubSpot,
    lines: InMemoryPhoneLines,
    projects: InMemoryChertProjects,
    ada_session: Session,
    acme: Project,
) -> None:
    """With HubSpot, Chert and the sisters away the page still comes, and nothing of it is guessed."""
    await connect(acme)
    hubspot.troubles.append(HubSpotAwayError("x"))
    lines.trouble = projects.trouble = ChertAwayError("x")
    seen = await view(ada_session, acme.id, PORTAL)

    assert (None, None, None) == (seen.details, seen.url, seen.lines)
    everything_but_automation = states(seen).keys() - {"automation"}
    assert {"unknown"} == {states(seen)[name] for name in everything_but_automation}


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
    found = await installations.get(PORTAL)
    assert found is not None
    await deactivate(found, "disconnected", installations=installations, clock=clock)
    await connect(globex)

    assert ["installed"] == [entry.kind for entry in (await view(bob_session, globex.id, PORTAL)).installs]
    assert 3 == len((await view(ada_session, globex.id, PORTAL)).installs)


async def test_activity_is_filtered(
    connect: Connect, view: View, activity: InMemoryActivity, clock: ManualClock, ada_session: Session, acme: Project
) -> None:
    """By status and by source, and never anything of a project that the account was bound to before."""
    await connect(acme)
    activity.sent = SendActivityPage(
        sends=(
            send(clock),
            send(clock, source="card", status="sent"),
            send(clock, project_id="p-former"),
        )
    )

    async def count(wanted: ActivityFilter) -> int:
        return len((await view(ada_session, acme.id, PORTAL, wanted)).activity.sends)

    assert 2 == await count(ActivityFilter())
    assert 1 == await count(ActivityFilter(status="refused"))
    assert 1 == await count(ActivityFilter(source="card"))
    assert 0 == await count(ActivityFilter(source="card", status="refused"))


async def test_sisters_that_are_away_are_named(
    connect: Connect, view: View, activity: InMemoryActivity, clock: ManualClock, ada_session: Session, acme: Project
) -> None:
    """What one sister says is shown although the other cannot be asked."""
    await connect(acme)
    nothing = (await view(ada_session, acme.id, PORTAL)).activity
    theirs = ReplyActivity(at=clock.now(), project_id="p-former", status="written", trace_id="b" * 32)
    ours = theirs.model_copy(update={"project_id": acme.id})
    activity.received = ReplyActivityPage(replies=(ours, theirs), breaker=BreakerState(open=True))
    some = (await view(ada_session, acme.id, PORTAL)).activity

    assert (("actions", "timeline"), (), None) == (nothing.away, nothing.sends, nothing.breaker)
    assert ("actions",) == some.away
    assert (ours,) == some.replies
    assert some.breaker is not None
    assert some.breaker.open


async def test_contacts_are_linked_on_hubspots_hosts_alone(
    connect: Connect, view: View, ada_session: Session, acme: Project
) -> None:
    """A contact's link is built from its number; what is no number has none."""
    await connect(acme)
    activity = (await view(ada_session, acme.id, PORTAL)).activity

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
