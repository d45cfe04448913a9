"""Settings of an account: checked, saved once, told, and remembered."""

from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.clock import ManualClock
from contracts.tenants import TenantSettings, TenantUpdated
from oauth.adapters.in_memory import InMemoryInstallations, InMemoryPhoneLines
from oauth.adapters.sealing import AesGcmSealer
from oauth.errors import (
    AccountNotFoundError,
    ChertAwayError,
    ProjectInactiveError,
    RevisionMovedError,
    SettingsRefusedError,
    TenantInactiveError,
)
from oauth.handlers.binding import deactivate
from oauth.handlers.sealing import open_token, seal_tokens
from oauth.handlers.settings import change_settings, read_settings
from oauth.models import REMEMBERED, Installation, PhoneLine, Project, Session, Tokens

PORTAL = 62515
LINES = (PhoneLine("line-1", "••• 0001", active=True), PhoneLine("line-2", "••• 0002", active=False))

Connect = Callable[..., Awaitable[Installation]]
Change = Callable[..., Awaitable[Installation]]


@pytest.fixture
def change(installations: InMemoryInstallations, lines: InMemoryPhoneLines, clock: ManualClock) -> Change:
    """Saves settings."""
    lines.lines["acme"] = LINES
    return partial(change_settings, installations=installations, lines=lines, clock=clock)


async def test_changed_settings_are_told_and_remembered(
    connect: Connect, change: Change, installations: InMemoryInstallations, ada_session: Session, acme: Project
) -> None:
    """A change is one revision with one event, and the account remembers who changed what, from what, to what."""
    before = await connect(acme)
    wanted = TenantSettings(label="Sales", phone_line_id="line-1", retention_days=30)
    after = await change(ada_session, acme.id, PORTAL, wanted, before.revision)
    told = (await installations.pending(1))[0].events[-1].data
    entry = (await installations.of([PORTAL]))[PORTAL][-1]

    assert after == await installations.get(PORTAL)
    assert isinstance(told, TenantUpdated)
    assert (wanted, after.revision) == (told.settings, told.revision)
    assert after.revision > before.revision
    assert (before.tokens, before.token_version) == (after.tokens, after.token_version)
    assert ("settings_changed", "ada") == (entry.kind, entry.by and entry.by.user_id)
    assert {("label", "", "Sales"), ("phone_line_id", "", "line-1"), ("retention_days", "90", "30")} == {
        (one.name, one.before, one.after) for one in entry.changes
    }


async def test_the_same_settings_change_nothing(
    connect: Connect, change: Change, installations: InMemoryInstallations, ada_session: Session, acme: Project
) -> None:
    """Saving what is saved already tells nobody anything."""
    before = await connect(acme)
    after = await change(ada_session, acme.id, PORTAL, before.settings, before.revision)

    assert before == after
    assert 1 == len((await installations.pending(1))[0].events)


async def test_of_two_who_save_one_is_told(
    connect: Connect, change: Change, ada_session: Session, acme: Project
) -> None:
    """Whoever saves on top of a revision that another has changed is refused, and overwrites nothing."""
    seen = await connect(acme)
    await change(ada_session, acme.id, PORTAL, TenantSettings(label="first"), seen.revision)

    with pytest.raises(RevisionMovedError):
        await change(ada_session, acme.id, PORTAL, TenantSettings(label="second"), seen.revision)


async def test_a_refresh_meanwhile_is_no_obstacle(
    connect: Connect,
    change: Change,
    installations: InMemoryInstallations,
    sealer: AesGcmSealer,
    clock: ManualClock,
    ada_session: Session,
    acme: Project,
) -> None:
    """New tokens that came after the form was shown neither refuse it nor are lost by it."""
    seen = await connect(acme)
    assert seen.tokens is not None
    fresh = seal_tokens(_opened(seen, sealer), PORTAL, seen.generation, sealer)
    await installations.rotate_tokens(seen, fresh)
    after = await change(ada_session, acme.id, PORTAL, TenantSettings(label="x"), seen.revision)

    assert fresh == after.tokens


def _opened(installation: Installation, sealer: AesGcmSealer) -> Tokens:
    assert installation.tokens is not None
    return Tokens(
        open_token(installation, "access_token", sealer),
        open_token(installation, "refresh_token", sealer),
        installation.tokens.expires_at,
    )


@pytest.mark.parametrize(
    ("wanted", "setting"),
    [
        (TenantSettings(phone_line_id="line-9"), "phone_line_id"),
        (TenantSettings(phone_line_id="line-2"), "phone_line_id"),
        (TenantSettings(default_region="ZZ"), "default_region"),
        (TenantSettings(auto_send_template="Hi {{ contact.email }}"), "auto_send_template"),
        (TenantSettings(auto_send_template="Hi {{ contact.firstname"), "auto_send_template"),
        (TenantSettings(auto_send_template="{{}}"), "auto_send_template"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(
    connect: Connect,
    change: Change,
    installations: InMemoryInstallations,
    ada_session: Session,
    acme: Project,
    wanted: TenantSettings,
    setting: str,
) -> None:
    """A line that is not there or not active, a region that is none, a tag that nobody knows: nothing is saved."""
    before = await connect(acme)
    with pytest.raises(SettingsRefusedError) as refused:
        await change(ada_session, acme.id, PORTAL, wanted, before.revision)

    assert [setting] == [problem.name for problem in refused.value.problems]
    assert before == await installations.get(PORTAL)


async def test_the_known_tags_may_be_used(
    connect: Connect, change: Change, ada_session: Session, acme: Project
) -> None:
    """All three tags, spaced or not, any number of times."""
    before = await connect(acme)
    template = "{{contact.firstname}} {{ contact.lastname }} of {{ contact.company }}, {{ contact.firstname }}! { }"
    after = await change(ada_session, acme.id, PORTAL, replace_template(before.settings, template), before.revision)

    assert template == after.settings.auto_send_template


def replace_template(settings: TenantSettings, template: str) -> TenantSettings:
    """The same settings with another template."""
    return settings.model_copy(update={"auto_send_template": template})


async def test_a_line_is_looked_up_only_when_it_is_chosen(
    connect: Connect, change: Change, lines: InMemoryPhoneLines, ada_session: Session, acme: Project
) -> None:
    """While Chert is away everything but a new line can be saved; a new line has to wait."""
    before = await connect(acme)
    lines.trouble = ChertAwayError("x")
    after = await change(ada_session, acme.id, PORTAL, TenantSettings(label="x"), before.revision)
    with pytest.raises(ChertAwayError):
        await change(ada_session, acme.id, PORTAL, TenantSettings(phone_line_id="line-1"), after.revision)
    lines.trouble = ProjectInactiveError("x")
    with pytest.raises(SettingsRefusedError):
        await change(ada_session, acme.id, PORTAL, TenantSettings(phone_line_id="line-1"), after.revision)


async def test_settings_of_others_and_of_the_disconnected_stay(
    connect: Connect,
    change: Change,
    installations: InMemoryInstallations,
    clock: ManualClock,
    ada_session: Session,
    bob_session: Session,
    acme: Project,
) -> None:
    """A session without rights finds no account; one with rights cannot change what is not connected."""
    before = await connect(acme)
    for session, project_id in ((bob_session, acme.id), (bob_session, "p-globex"), (ada_session, "p-globex")):
        with pytest.raises(AccountNotFoundError):
            await change(session, project_id, PORTAL, TenantSettings(label="x"), before.revision)
    await deactivate(before, "app_uninstalled", installations=installations, clock=clock)
    with pytest.raises(TenantInactiveError):
        await change(ada_session, acme.id, PORTAL, TenantSettings(label="x"), before.revision)


async def test_the_record_is_bounded_and_keeps_the_installs(
    connect: Connect, change: Change, installations: InMemoryInstallations, ada_session: Session, acme: Project
) -> None:
    """Of very many changes the latest are kept, and none of them pushes out an install."""
    current = await connect(acme)
    for number in range(REMEMBERED + 20):
        current = await change(ada_session, acme.id, PORTAL, TenantSettings(label=str(number)), current.revision)

    history = (await installations.of([PORTAL]))[PORTAL]
    kinds = [entry.kind for entry in history]
    assert (1, REMEMBERED) == (kinds.count("installed"), kinds.count("settings_changed"))
    assert str(REMEMBERED + 19) == history[-1].changes[0].after


def test_a_form_is_read() -> None:
    """Switches that are off are absent, no line is the empty choice, and lines end as everywhere else."""
    read = read_settings(
        {
            "label": "Sales",
            "phone_line_id": "",
            "auto_send_on_create": "on",
            "auto_send_template": "a\r\nb",
            "default_region": "DE",
            "retention_days": "30",
            "unknown": "x",
        }
    )

    assert (
        TenantSettings(
            label="Sales",
            auto_create_leads=False,
            auto_send_on_create=True,
            auto_send_template="a\nb",
            default_region="DE",
            retention_days=30,
        )
        == read
    )


@given(
    st.dictionaries(st.sampled_from(sorted({*TenantSettings.model_fields, "other"})), st.text(max_size=300), max_size=9)
)
def test_any_form_is_read_or_refused_by_name(fields: dict[str, str]) -> None:
    """Whatever a form holds, the answer is settings, or problems that name settings."""
    try:
        read_settings(fields)
        named = set()
    except SettingsRefusedError as refused:
        named = {problem.name for problem in refused.problems}

    assert named <= set(TenantSettings.model_fields)
