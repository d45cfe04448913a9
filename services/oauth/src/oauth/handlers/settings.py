"""Settings: what an admin chooses for an account, checked before it is saved (chert-contract.md, section 5)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import phonenumbers
from pydantic import ValidationError

from chassis.clock import Clock
from chassis.logging import get_log
from chassis.tracing import current_trace_id
from contracts.tenants import TenantSettings, TenantUpdated
from contracts.topics import TENANT_UPDATED
from oauth.errors import (
    ContendedError,
    Problem,
    ProjectInactiveError,
    RevisionMovedError,
    SettingsRefusedError,
    TenantInactiveError,
)
from oauth.handlers.binding import ATTEMPTS, next_revision, told
from oauth.handlers.history import changes_between
from oauth.handlers.tenants import find_account
from oauth.models import HistoryEntry, Installation, Session
from oauth.ports import InstallationStore, PhoneLines

LOG = get_log()

TEMPLATE_TAGS: Final = ("contact.firstname", "contact.lastname", "contact.company")
"""The tags that a template may hold, written `{{ contact.firstname }}` (`architecture.md`, section 4, actions)."""

_TAG: Final = re.compile(r"\{\{([^{}]*)\}\}")

_SWITCHES: Final = frozenset(name for name, field in TenantSettings.model_fields.items() if field.annotation is bool)

_WORDS: Final[Mapping[str, str]] = {
    "label": "A label has at most 200 characters.",
    "phone_line_id": "This is not a line of the project.",
    "auto_send_template": "A template has at most 10,000 characters.",
    "default_region": "Choose a country or region by its two capital letters, as US.",
    "retention_days": "Content is kept for 1 to 3,650 days.",
}
"""What is said of a value that cannot be, by setting."""


def read_settings(fields: Mapping[str, str]) -> TenantSettings:
    """Settings from a form, in which a switch that is off is absent and no line is the empty choice.

    Raises:
        SettingsRefusedError: some value cannot be.
    """
    given: dict[str, object] = {name: fields[name] for name in TenantSettings.model_fields if name in fields}
    switches = {name: name in fields and fields[name] not in {"", "false", "off"} for name in _SWITCHES}
    line = {"phone_line_id": fields.get("phone_line_id") or None}
    template = {"auto_send_template": fields.get("auto_send_template", "").replace("\r\n", "\n")}  # as forms send it
    values = {**given, **switches, **line, **template}
    try:
        return TenantSettings.model_validate(values)
    except ValidationError as error:
        names = dict.fromkeys(
            str(problem["loc"][0]) for problem in error.errors(include_url=False, include_input=False)
        )
        unread = [Problem(name, _WORDS.get(name, "This cannot be.")) for name in names]
        rest = TenantSettings.model_validate({name: value for name, value in values.items() if name not in names})
        raise SettingsRefusedError(*unread, *_problems(rest)) from None  # all at once, not one after the other


async def change_settings(
    session: Session,
    project_id: str,
    portal_id: int,
    wanted: TenantSettings,
    revision: int,
    *,
    installations: InstallationStore,
    lines: PhoneLines,
    clock: Clock,
) -> Installation:
    """Save settings of a connected account, and tell of it; the same settings change nothing.

    Raises:
        AccountNotFoundError: the session may see no such account.
        TenantInactiveError: it is not connected.
        RevisionMovedError: someone else changed it since the form was shown.
        SettingsRefusedError: some value cannot be.
        ChertAwayError: whether a newly chosen line can send cannot be learned now.
        ContendedError: others kept changing its tokens.
    """
    former = await _changeable(session, project_id, portal_id, revision, installations)
    await _check(wanted, former, lines)
    for _ in range(ATTEMPTS):
        if former.settings == wanted:
            return former
        changed, entry = _changed(former, wanted, session, clock)
        event = told(TENANT_UPDATED, changed.snapshot_as(TenantUpdated), clock.now())
        if await installations.record(changed, event, entry, replacing=former):
            _tell(former, changed)
            return changed
        former = await _changeable(session, project_id, portal_id, revision, installations)
    raise ContendedError


async def _changeable(
    session: Session, project_id: str, portal_id: int, revision: int, installations: InstallationStore
) -> Installation:
    installation = await find_account(session, project_id, portal_id, installations=installations)
    if installation.status != "active":
        raise TenantInactiveError
    if installation.revision != revision:
        raise RevisionMovedError
    return installation


async def _check(wanted: TenantSettings, former: Installation, lines: PhoneLines) -> None:
    problems = [*_problems(wanted)]
    line_id = wanted.phone_line_id
    if line_id is not None and line_id != former.settings.phone_line_id:
        problems += await _line_problems(line_id, former.chert_tenant, lines)
    if problems:
        raise SettingsRefusedError(*problems)


def _problems(wanted: TenantSettings) -> Iterator[Problem]:
    if wanted.default_region not in phonenumbers.SUPPORTED_REGIONS:
        yield Problem("default_region", _WORDS["default_region"])
    texts, tags = _TAG.split(wanted.auto_send_template)[::2], _TAG.findall(wanted.auto_send_template)
    if any("{{" in text for text in texts):
        yield Problem("auto_send_template", "The template has a tag that does not end.")
    elif any(tag.strip() not in TEMPLATE_TAGS for tag in tags):
        yield Problem("auto_send_template", f"The template may hold these tags alone: {', '.join(TEMPLATE_TAGS)}.")


async def _line_problems(line_id: str, chert_tenant: str, lines: PhoneLines) -> Iterator[Problem]:
    try:
        known = {line.id: line for line in await lines.of(chert_tenant)}
    except ProjectInactiveError:
        return iter([Problem("phone_line_id", "The project is not active at Chert, so that no line can be chosen.")])
    if line_id not in known:
        return iter([Problem("phone_line_id", _WORDS["phone_line_id"])])
    if not known[line_id].active:
        return iter([Problem("phone_line_id", "This line is not active.")])
    return iter(())


def _changed(
    former: Installation, wanted: TenantSettings, session: Session, clock: Clock
) -> tuple[Installation, HistoryEntry]:
    now = clock.now()
    entry = HistoryEntry(
        "settings_changed",
        now,
        next_revision(former, now),
        former.generation,
        former.project_id,
        by=session.actor,
        changes=changes_between(former.settings, wanted),
    )
    return replace(former, settings=wanted, revision=entry.revision), entry


def _tell(former: Installation, changed: Installation) -> None:
    """Say which settings were changed; their values may hold what no log may."""
    LOG.info(
        "settings.changed",
        portal_id=changed.portal_id,
        revision=changed.revision,
        settings=[change.name for change in changes_between(former.settings, changed.settings)],
        trace_id=current_trace_id(),
    )
