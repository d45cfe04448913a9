"""The console on a played use: one account whose state a test decides, and reading its pages."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html.parser import HTMLParser

from contracts.tenants import TenantSettings
from oauth.api.console_use import ConsoleUse
from oauth.api.pages import account_url
from oauth.errors import (
    AccountNotFoundError,
    OAuthServiceError,
)
from oauth.handlers.accounts import AccountView
from oauth.handlers.activity import Activity, ActivityFilter
from oauth.handlers.tenants import ProjectAccounts
from oauth.models import (
    Installation,
    Session,
)

PORTAL = 62515
REVISION = 7
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
URL = account_url("p-acme", PORTAL)
HUBSPOT = "https://app-eu1.hubspot.com/contacts/62515"
JSON = {"Accept": "application/json"}


@dataclass
class PlayedUse:
    """What the console does, played: one account, the answers that a test gives it, and what it was asked."""

    view: AccountView
    activity: Activity
    trouble: OAuthServiceError | None = None
    saved: list[tuple[TenantSettings, int]] = field(default_factory=list)
    disconnected: list[int] = field(default_factory=list)
    filters: list[ActivityFilter] = field(default_factory=list)

    async def list_accounts(self, session: Session) -> list[ProjectAccounts]:
        """The account's project."""
        return [ProjectAccounts(self.view.project, (self.view.installation,))]

    async def find_account(self, session: Session, project_id: str, portal_id: int) -> Installation:
        """The account alone, to whoever may see it."""
        self._find(session, project_id, portal_id)
        return self.view.installation

    async def view_account(
        self, session: Session, project_id: str, portal_id: int, chosen: ActivityFilter
    ) -> AccountView:
        """The account and its activity, to whoever may see it."""
        self._find(session, project_id, portal_id)
        self.filters.append(chosen)
        return replace(self.view, activity=self.activity)

    async def change_settings(
        self, session: Session, project_id: str, portal_id: int, wanted: TenantSettings, revision: int
    ) -> Installation:
        """Keep the settings."""
        self._find(session, project_id, portal_id)
        self._fail()
        self.saved.append((wanted, revision))
        return self.view.installation

    async def disconnect(self, session: Session, project_id: str, portal_id: int, revision: int) -> Installation:
        """Note it."""
        self._find(session, project_id, portal_id)
        self._fail()
        self.disconnected.append(revision)
        return self.view.installation

    def use(self) -> ConsoleUse:
        """As the routes take it."""
        return ConsoleUse(
            list_accounts=self.list_accounts,
            find_account=self.find_account,
            view_account=self.view_account,
            change_settings=self.change_settings,
            disconnect=self.disconnect,
        )

    def show(self, **changed: object) -> None:
        """Change the view."""
        self.view = replace(self.view, **changed)  # type: ignore[arg-type]  # a test names real members

    def install(self, **changed: object) -> None:
        """Change the installation."""
        self.show(installation=replace(self.view.installation, **changed))  # type: ignore[arg-type]  # as above

    def _find(self, session: Session, project_id: str, portal_id: int) -> None:
        if session.project(project_id) != self.view.project or portal_id != PORTAL:
            raise AccountNotFoundError

    def _fail(self) -> None:
        if self.trouble is not None:
            raise self.trouble


class Form(HTMLParser):
    """Everything on a page that has a name: what a form would send, and how each field is labelled and described."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, dict[str, str | None]] = {}
        self.labels: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note fields, labels, ids and links within the page."""
        given = dict(attrs)
        if tag in {"input", "select", "textarea"}:
            self.fields[given["name"] or ""] = given
        if tag == "label":
            self.labels.add(given.get("for") or "")
        if given.get("id"):
            self.ids.append(given["id"] or "")
        if (given.get("href") or "").startswith("#"):
            self.links.append((given["href"] or "")[1:])


def parted(page: str, section: str) -> str:
    """One section of the page."""
    return page.partition(f'id="{section}"')[2].partition("</section>")[0]
