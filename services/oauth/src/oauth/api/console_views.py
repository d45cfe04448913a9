"""What the console's pages show, as data: the same models are the JSON for whoever prefers that."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

CheckState = Literal["met", "not_met", "unknown"]


class View(BaseModel):
    """Some of what a page shows."""

    model_config = ConfigDict(frozen=True)


class BadgeView(View):
    """Whether an account is connected, or why it is not."""

    connected: bool
    words: str


class AccountCard(View):
    """An account in the list of a project.

    Attributes:
        portal_id: HubSpot's account id.
        name: what people call it.
        url: its page.
        badge: whether it is connected.
        installed_at: when it was connected last.
    """

    portal_id: int
    name: str
    url: str
    badge: BadgeView
    installed_at: datetime


class ProjectView(View):
    """A project of the session, with its accounts."""

    id: str
    name: str
    connect_url: str
    accounts: tuple[AccountCard, ...]


class ProjectsPage(View):
    """The console's first page.

    Attributes:
        user: who is signed in.
        projects: theirs, and nobody else's.
        notice: what the last install ended with.
        notice_url: the page of the account that it is about.
    """

    user: str
    projects: tuple[ProjectView, ...]
    notice: str = ""
    notice_url: str = ""


class CheckView(View):
    """One line of the checklist; wherever it is not met it says what to do, or why it is not known."""

    name: str
    state: CheckState
    words: str
    advice: str = ""


class ScopeView(View):
    """A permission: what it is for, and what follows and helps where it was not granted."""

    name: str
    granted: bool
    meaning: str
    without: str = ""


class ChoiceView(View):
    """One option of a select."""

    value: str
    words: str


class FieldView(View):
    """One field of the settings form.

    Attributes:
        name: as the form sends it.
        label: as people read it.
        help: what it does, and when.
        value: as it was saved, or as it was just typed and refused; `on` or empty for a switch.
        error: why it was refused.
    """

    name: str
    label: str
    help: str
    value: str
    error: str = ""


class SettingsView(View):
    """The settings form.

    Attributes:
        revision: what the form was filled from.
        fields: by name.
        lines: whom to send from.
        lines_known: whether Chert could be asked for its lines.
        problem: why nothing was saved, where no field is to blame.
    """

    revision: int
    fields: dict[str, FieldView]
    lines: tuple[ChoiceView, ...]
    lines_known: bool
    problem: str = ""

    @property
    def refused(self) -> tuple[FieldView, ...]:
        """The fields with an error, in the form's order."""
        return tuple(field for field in self.fields.values() if field.error)


class ActivityLine(View):
    """A send or a reply: never its text, and no number in full.

    Attributes:
        at: when it came, or when its answer was known.
        kind: what it is, as words.
        phone: masked.
        state: how it stands, as a slug.
        status: how it stands, as words.
        words: why, where something is wrong.
        code: number in the registry of chert-contract.md section 13.3, where there is one.
        contact_url: its contact in HubSpot.
        trace_id: finds it in our logs.
    """

    at: datetime
    kind: str
    phone: str
    state: str
    status: str
    words: str = ""
    code: int | None = None
    contact_url: str | None = None
    trace_id: str = ""


class FilterView(View):
    """One select of the activity's filter."""

    name: str
    label: str
    choices: tuple[ChoiceView, ...]
    chosen: str


class ActivityView(View):
    """What happened lately.

    Attributes:
        sends: newest first.
        sends_away: why they cannot be shown, if so.
        replies: newest first.
        replies_away: why they cannot be shown, if so.
        breaker: whether writing replies rests, and why, as words.
        resting: whether it does.
        filters: what is shown, and what else can be.
    """

    sends: tuple[ActivityLine, ...]
    sends_away: str
    replies: tuple[ActivityLine, ...]
    replies_away: str
    breaker: str
    resting: bool
    filters: tuple[FilterView, ...]


class ChangeView(View):
    """One setting that was changed."""

    label: str
    before: str
    after: str


class HistoryLine(View):
    """One entry of the account's history.

    Attributes:
        at: when.
        words: what happened.
        who: the console user who did it; empty where nobody of ours did.
        changes: what was changed.
    """

    at: datetime
    words: str
    who: str
    changes: tuple[ChangeView, ...] = ()


class AccountPage(View):
    """Everything about one account.

    Attributes:
        user: who is signed in.
        project_id: the project it is bound to.
        project_name: that project's name.
        portal_id: HubSpot's account id.
        name: what people call it.
        portal_name: HubSpot's own name for it, where that is known.
        portal_url: where it is in HubSpot, where that is known.
        url: its page here.
        connect_url: where it is connected again.
        badge: whether it is connected.
        leaving: whether HubSpot is still being told that it left.
        installed_at: when it was connected last.
        checklist: what has to be in order.
        scopes: what was asked for.
        settings: the form; none while the account is not connected.
        activity: what happened lately.
        installs: when it was connected and disconnected.
        audit: who changed what.
        form_token: goes with every form of the page.
        notice: what was just done.
    """

    user: str
    project_id: str
    project_name: str
    portal_id: int
    name: str
    portal_name: str
    portal_url: str | None
    url: str
    connect_url: str
    badge: BadgeView
    leaving: bool
    installed_at: datetime
    checklist: tuple[CheckView, ...]
    scopes: tuple[ScopeView, ...]
    settings: SettingsView | None
    activity: ActivityView
    installs: tuple[HistoryLine, ...]
    audit: tuple[HistoryLine, ...]
    form_token: str
    notice: str = ""

    @property
    def open_checks(self) -> int:
        """How many lines of the checklist still need someone."""
        return sum(check.state == "not_met" for check in self.checklist)


class DisconnectPage(View):
    """What is asked before an account is disconnected."""

    user: str
    portal_id: int
    name: str
    project_name: str
    url: str
    revision: int
    form_token: str


class ConflictPage(View):
    """What is asked when the settings were changed since the form was filled.

    Attributes:
        user: who is signed in.
        name: what people call the account.
        url: its page.
        revision: of what is saved now.
        differences: what is saved now, and what this form would change it to.
        values: of this form, to be sent again.
        form_token: goes with the form.
    """

    user: str
    name: str
    url: str
    revision: int
    differences: tuple[ChangeView, ...]
    values: dict[str, str]
    form_token: str
