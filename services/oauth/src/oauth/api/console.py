"""The console's page: the session's projects, their HubSpot accounts, and what each was granted."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from oauth.api.installs import RESPONSES, refuse_repeats
from oauth.api.pages import CONSOLE_PATH, Pages, connect_url
from oauth.api.sessions import SessionToken, session_of
from oauth.api.words import ENDS, SCOPES, ScopeWords
from oauth.handlers.tenants import ProjectAccounts, missing_scopes
from oauth.models import Installation, Project, Session
from oauth.ports import SessionVerifier

ListAccounts = Callable[[Session], Awaitable[Sequence[ProjectAccounts]]]

Notice = Literal["connected", "stays"]
"""What an install ended with: connected here, or renewed where it was connected before."""

LARGEST_PORTAL_ID: Final = 2**53 - 1
"""More than HubSpot gives out, and exact everywhere a number goes."""

NoticeName = Annotated[Notice | None, Query(description="What the last install ended with.")]
AccountId = Annotated[int | None, Query(gt=0, le=LARGEST_PORTAL_ID, description="The account it was for.")]


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as the page shows it."""

    portal_id: int
    connected: bool
    why_not: str
    installed_at: datetime
    granted: tuple[tuple[str, ScopeWords], ...]
    missing: tuple[tuple[str, ScopeWords], ...]


@dataclass(frozen=True, slots=True)
class ProjectView:
    """A project as the page shows it."""

    project: Project
    connect_url: str
    accounts: tuple[AccountView, ...]


class ConsoleRoutes:
    """The page of the console that is about HubSpot."""

    def __init__(self, *, sessions: SessionVerifier, list_accounts: ListAccounts, pages: Pages) -> None:
        self._sessions, self._list_accounts, self._pages = sessions, list_accounts, pages

    def router(self) -> APIRouter:
        """The route."""
        router = APIRouter(tags=["console"], dependencies=[Depends(refuse_repeats)])
        router.add_api_route(
            CONSOLE_PATH,
            self.show,
            response_class=HTMLResponse,
            responses=RESPONSES,
            summary="The signed-in user's projects and their HubSpot accounts",
        )
        return router

    async def show(self, token: SessionToken, notice: NoticeName = None, account: AccountId = None) -> HTMLResponse:
        """The page."""
        session = await session_of(token, self._sessions)
        projects = [_project_view(found) for found in await self._list_accounts(session)]
        return self._pages.render(
            "console.html",
            user=session.name,
            projects=projects,
            notice=notice,
            noticed=_home_of(account, projects),
            account=account,
        )


def _home_of(portal_id: int | None, projects: Sequence[ProjectView]) -> Project | None:
    """The project of an account, if the session may see it."""
    return next(
        (view.project for view in projects for account in view.accounts if account.portal_id == portal_id),
        None,
    )


def _project_view(found: ProjectAccounts) -> ProjectView:
    return ProjectView(
        found.project, connect_url(found.project.id), tuple(_account_view(account) for account in found.accounts)
    )


def _account_view(account: Installation) -> AccountView:
    return AccountView(
        portal_id=account.portal_id,
        connected=account.status == "active",
        why_not="Not connected" if account.ended is None else ENDS[account.ended.reason],
        installed_at=account.installed_at,
        granted=tuple((name, SCOPES[name]) for name in account.scopes if name in SCOPES),
        missing=tuple((name, SCOPES[name]) for name in missing_scopes(account)),
    )
