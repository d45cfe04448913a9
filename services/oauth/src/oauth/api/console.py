"""The console's pages about HubSpot: accounts, settings, activity, disconnecting.

Every page is the same data as JSON for whoever does not ask for a page; whatever is changed leads back by a redirect.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from contracts.failures import Failure
from oauth.api.console_activity import SourceFilter, StatusFilter
from oauth.api.console_form_fields import DisconnectForm, SettingsForm, refuse_repeated_fields
from oauth.api.console_forms import settings_view
from oauth.api.console_notices import AccountNotice, Notice, notice_on
from oauth.api.console_presenting import account_page, conflict_page, disconnect_page, project_view, url_of
from oauth.api.console_use import ConsoleUse
from oauth.api.console_views import AccountPage, DisconnectPage, ProjectsPage, View
from oauth.api.console_words import CHERT_AWAY, NOTICES
from oauth.api.installs import RESPONSES, refuse_repeats
from oauth.api.pages import ACCOUNT_PATH, CONSOLE_PATH, HELP_PATH, PRIVATE, Pages, is_browser, see_other
from oauth.api.sessions import SessionToken, session_of
from oauth.errors import (
    ChertAwayError,
    OAuthServiceError,
    RevisionMovedError,
    SettingsRefusedError,
    TenantInactiveError,
)
from oauth.handlers.activity import ActivityFilter
from oauth.handlers.settings import read_settings
from oauth.models import Session
from oauth.ports import FormTokens, SessionVerifier

LARGEST_PORTAL_ID: Final = 2**53 - 1
"""More than HubSpot gives out, and exact everywhere a number goes."""

NoticeName = Annotated[Notice | None, Query(description="What the last install ended with.")]
AccountNoticeName = Annotated[AccountNotice | None, Query(description="What was just done.")]
NoticedId = Annotated[int | None, Query(gt=0, le=LARGEST_PORTAL_ID, description="The account it was for.")]
ProjectId = Annotated[str, Path(min_length=1, max_length=100, description="The project it is bound to.")]
PortalId = Annotated[int, Path(gt=0, le=LARGEST_PORTAL_ID, description="HubSpot's account id.")]

_PAGE: Final[dict[str, Any]] = {"content": {"text/html": {"schema": {"type": "string"}}}}
_FAILURE: Final[dict[str, Any]] = {**_PAGE, "model": Failure}
_OF_ACCOUNT: Final[dict[int | str, dict[str, Any]]] = {
    **RESPONSES,
    404: {"description": "No account that the session may see", **_FAILURE},
}
_OF_CHANGE: Final[dict[int | str, dict[str, Any]]] = {
    **_OF_ACCOUNT,
    303: {"description": "Done: on to the account's page"},
    409: {"description": "It was changed meanwhile", **_FAILURE},
}


@dataclass(frozen=True, slots=True)
class _Visit:
    """A signed-in user at one account; the token is for the forms of the page."""

    request: Request
    session: Session
    form_token: str
    project_id: str
    portal_id: int


class ConsoleRoutes:
    """The pages of the console that are about HubSpot."""

    def __init__(self, *, sessions: SessionVerifier, use: ConsoleUse, pages: Pages, forms: FormTokens) -> None:
        self._sessions, self._use, self._pages, self._forms = sessions, use, pages, forms

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(tags=["console"], dependencies=[Depends(refuse_repeats)])
        seen: dict[int | str, dict[str, Any]] = {200: _PAGE}
        router.get(
            CONSOLE_PATH,
            response_model=ProjectsPage,
            responses={**RESPONSES, **seen},
            summary="The signed-in user's projects and their HubSpot accounts",
        )(self.show_projects)
        router.get(HELP_PATH, response_class=HTMLResponse, responses=RESPONSES, summary="What “App not found” means")(
            self.show_help
        )
        router.get(
            ACCOUNT_PATH,
            response_model=AccountPage,
            responses={**_OF_ACCOUNT, **seen},
            summary="One account: checklist, settings, activity, history",
        )(self.show_account)
        router.get(
            f"{ACCOUNT_PATH}/disconnect",
            response_model=DisconnectPage,
            responses={**_OF_ACCOUNT, **seen},
            summary="What disconnecting an account means",
        )(self.ask_disconnect)
        for path, change, summary in (
            ("settings", self.save_settings, "Save an account's settings"),
            ("disconnect", self.disconnect, "Disconnect an account"),
        ):
            router.post(
                f"{ACCOUNT_PATH}/{path}",
                status_code=303,
                response_class=RedirectResponse,
                responses=_OF_CHANGE,
                summary=summary,
                dependencies=[Depends(refuse_repeated_fields)],
            )(change)
        return router

    async def show_projects(
        self, request: Request, token: SessionToken, notice: NoticeName = None, account: NoticedId = None
    ) -> Response:
        """The session's projects and their accounts."""
        session = await session_of(token, self._sessions)
        found = await self._use.list_accounts(session)
        noticed = notice_on(notice, account, found)
        page = ProjectsPage(
            user=session.name,
            projects=tuple(project_view(project) for project in found),
            notice=noticed.words,
            notice_url=noticed.url,
        )
        return self._answer(request, "console.html", page)

    async def show_help(self) -> Response:
        """What “App not found” means; it needs no session and says nothing of anyone."""
        return self._pages.render("help_app_not_found.html")

    async def show_account(
        self,
        request: Request,
        token: SessionToken,
        project_id: ProjectId,
        portal_id: PortalId,
        source: SourceFilter = "all",
        status: StatusFilter = "all",
        notice: AccountNoticeName = None,
    ) -> Response:
        """Everything about one account."""
        visit = await self._visit(request, token, project_id, portal_id)
        chosen = ActivityFilter(status=status, source=source)
        view = await self._use.view_account(visit.session, project_id, portal_id, chosen)
        words = NOTICES[notice] if notice else ""
        page = account_page(visit.session.name, view, chosen, form_token=visit.form_token, notice=words)
        return self._answer(request, "account.html", page)

    async def save_settings(
        self,
        request: Request,
        token: SessionToken,
        project_id: ProjectId,
        portal_id: PortalId,
        form: Annotated[SettingsForm, Form()],
    ) -> Response:
        """Save the form, or show it again with what is wrong."""
        visit = await self._visit(request, token, project_id, portal_id)
        self._forms.check(token or "", form.form_token)
        try:
            wanted = read_settings(form.values)
            saved = await self._use.change_settings(visit.session, project_id, portal_id, wanted, form.revision)
        except (SettingsRefusedError, ChertAwayError, RevisionMovedError, TenantInactiveError) as error:
            if not is_browser(request):
                raise
            return await self._not_saved(visit, form, error)
        return see_other(url_of(saved), notice="saved")

    async def ask_disconnect(
        self, request: Request, token: SessionToken, project_id: ProjectId, portal_id: PortalId
    ) -> Response:
        """Say what disconnecting means, and ask."""
        visit = await self._visit(request, token, project_id, portal_id)
        account = await self._use.find_account(visit.session, project_id, portal_id)
        if account.status != "active":
            return see_other(url_of(account), notice="not_connected")
        page = disconnect_page(visit.session, account, form_token=visit.form_token)
        return self._answer(request, "disconnect.html", page)

    async def disconnect(
        self,
        request: Request,
        token: SessionToken,
        project_id: ProjectId,
        portal_id: PortalId,
        form: Annotated[DisconnectForm, Form()],
    ) -> Response:
        """Disconnect."""
        visit = await self._visit(request, token, project_id, portal_id)
        self._forms.check(token or "", form.form_token)
        try:
            ended = await self._use.disconnect(visit.session, project_id, portal_id, form.revision)
        except RevisionMovedError:
            if not is_browser(request):
                raise
            account = await self._use.find_account(visit.session, project_id, portal_id)
            page = disconnect_page(visit.session, account, form_token=visit.form_token)
            return self._answer(request, "moved.html", page, status=409)
        return see_other(url_of(ended), notice="disconnected")

    async def _visit(self, request: Request, token: str | None, project_id: str, portal_id: int) -> _Visit:
        """Whose visit it is, if anybody's; whether the account is theirs, each use case says."""
        session = await session_of(token, self._sessions)
        return _Visit(request, session, self._forms.issue(token or ""), project_id, portal_id)

    async def _not_saved(self, visit: _Visit, form: SettingsForm, error: OAuthServiceError) -> Response:
        """Why nothing was saved, with what was typed where that can be used again."""
        view = await self._use.view_account(visit.session, visit.project_id, visit.portal_id, ActivityFilter())
        if view.installation.status != "active":
            return see_other(url_of(view.installation), notice="not_connected")
        if isinstance(error, RevisionMovedError):
            conflict = conflict_page(visit.session.name, view, form.values, form_token=visit.form_token)
            return self._answer(visit.request, "conflict.html", conflict, status=409)
        problems = error.problems if isinstance(error, SettingsRefusedError) else ()
        words = "" if problems else CHERT_AWAY
        again = settings_view(form.values, form.revision, view.lines, problems=problems, problem=words)
        page = account_page(visit.session.name, view, ActivityFilter(), form_token=visit.form_token, settings=again)
        return self._answer(visit.request, "account.html", page, status=400 if problems else 503)

    def _answer(self, request: Request, template: str, page: View, *, status: int = 200) -> Response:
        if is_browser(request):
            return self._pages.render(template, status=status, page=page)
        return JSONResponse(page.model_dump(mode="json"), status, PRIVATE)
