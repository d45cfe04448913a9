"""Installing over HTTP: where the browser leaves for HubSpot, and where it comes back."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse
from starlette.background import BackgroundTask

from chassis.clock import Clock
from chassis.direct_routes import DirectRoute
from chassis.logging import get_log
from chassis.metrics import Metrics
from chassis.tracing import current_trace_id
from contracts.failures import Failure
from oauth.api import state_cookies
from oauth.api.pages import CALLBACK_PATH, CONSOLE_PATH, INSTALL_PATH, redirect
from oauth.api.queries import one_of_each, text_of
from oauth.api.sessions import SESSION_COOKIE, SessionToken, session_of
from oauth.errors import (
    InstallRefusedError,
    NoSessionError,
    OAuthServiceError,
    ProjectForbiddenError,
    ReturnUrlError,
    SessionEndedError,
    SessionInvalidError,
)
from oauth.handlers.binding import Bound
from oauth.handlers.installing import Begun, Callback, Verified, choose_project, verify_callback
from oauth.handlers.return_urls import LONGEST, check_return_url
from oauth.models import Project, Session, Start
from oauth.ports import SessionVerifier, StateSealer

LOG = get_log()

Begin = Callable[[Session, Project], Awaitable[Begun]]
BeginFromMarketplace = Callable[[Session, Project, str], Awaitable[Begun]]
Complete = Callable[[Verified, Session, Start], Awaitable[Bound]]

ProjectId = Annotated[str | None, Query(min_length=1, max_length=100, description="The project to connect.")]
_LONGEST: Final = {"code": 2000, "state": 500, "error": 200}
"""Characters of what comes back from HubSpot."""

AuthorizationCode = Annotated[str | None, Query(max_length=_LONGEST["code"], description="The authorization code.")]
State = Annotated[str | None, Query(max_length=_LONGEST["state"], description="The state that the install began with.")]
Error = Annotated[str | None, Query(max_length=_LONGEST["error"], description="Why there is no code.")]
Step = Annotated[
    Literal["authorize", "finalize"] | None, Query(description="How far an install that HubSpot began has come.")
]
ReturnUrl = Annotated[
    str | None, Query(alias="returnUrl", max_length=LONGEST, description="Where at HubSpot such an install goes on.")
]

_PAGE: Final[dict[str, Any]] = {
    "content": {"application/json": {"schema": Failure.model_json_schema()}, "text/html": {}}
}
"""A failure body, or the page that says the same."""
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    302: {"description": "On to the next address"},
    400: {"description": "The request is not as it should be, or the install is not verified", **_PAGE},
    401: {"description": "Nobody is signed in", **_PAGE},
    403: {"description": "Not allowed, or not granted", **_PAGE},
    503: {"description": "Not now", **_PAGE},
}
_CHOICE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "A page to choose the project of an install that HubSpot began", "content": {"text/html": {}}}
}
_FINISHING_FAILURES: Final[dict[int | str, dict[str, Any]]] = {
    409: {"description": "An earlier disconnect came in between", **_PAGE},
    500: {"description": "HubSpot does not accept our configuration", **_PAGE},
    502: {"description": "HubSpot does not answer properly", **_PAGE},
}


async def refuse_repeats(request: Request) -> None:
    """A parameter that comes twice means nothing (RFC 6749, section 3.1).

    Raises:
        Refusal: one does.
    """
    one_of_each(request)


def marketplace_url(project_id: str, return_url: str) -> str:
    """Where an install that HubSpot began goes on, once its project is chosen."""
    return f"{INSTALL_PATH}?{urlencode({'step': 'authorize', 'returnUrl': return_url, 'project': project_id})}"


class InstallRoutes:
    """The two addresses of an install.

    Args:
        sessions: who is signed in.
        begin: begins an install on the console.
        begin_from_marketplace: begins one at HubSpot.
        complete: completes either.
        state_sealer: of state cookies.
        hubspot_origin: what stands in for HubSpot's hosts in development.
        clock: the time.
        metrics: counts installs.
    """

    def __init__(
        self,
        *,
        sessions: SessionVerifier,
        begin: Begin,
        begin_from_marketplace: BeginFromMarketplace,
        complete: Complete,
        state_sealer: StateSealer,
        hubspot_origin: str | None,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._sessions, self._begin, self._complete = sessions, begin, complete
        self._begin_from_marketplace, self._hubspot_origin = begin_from_marketplace, hubspot_origin
        self._state_sealer, self._clock, self._metrics = state_sealer, clock, metrics

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(tags=["install"], dependencies=[Depends(refuse_repeats)])
        router.add_api_route(
            INSTALL_PATH,
            self.install,
            status_code=302,
            response_class=RedirectResponse,
            responses={**RESPONSES, **_FINISHING_FAILURES, **_CHOICE},
            summary="Begin to connect a HubSpot account to a project, or go on with what HubSpot began",
        )
        router.add_api_route(
            CALLBACK_PATH,
            self.callback,
            status_code=302,
            response_class=RedirectResponse,
            responses={**RESPONSES, **_FINISHING_FAILURES},
            summary="Come back from HubSpot",
        )
        return router

    def direct(self) -> DirectRoute:
        """What answers callbacks, before any router."""
        return DirectRoute(CALLBACK_PATH, self._came_back)

    async def install(
        self,
        request: Request,
        token: SessionToken,
        project: ProjectId = None,
        step: Step = None,
        code: AuthorizationCode = None,
        state: State = None,
        error: Error = None,
        return_url: ReturnUrl = None,
    ) -> RedirectResponse:
        """Send the browser to HubSpot for consent; an install that HubSpot began has two steps, and ends there."""
        if step is None:
            session = await session_of(token, self._sessions)
            return self._begun(request, await self._begin(session, choose_project(session, project)))
        if return_url is None:
            raise ReturnUrlError
        checked = check_return_url(return_url, self._hubspot_origin)
        if step == "authorize":
            session = await session_of(token, self._sessions)
            chosen = choose_project(session, project)
            return self._begun(request, await self._begin_from_marketplace(session, chosen, checked))
        bound, verified = await self._finished(token, Callback(code, state, error, _states(request)), "marketplace")
        # Whoever gets the account elsewhere than where they wanted it has to be told, which HubSpot's page cannot do.
        return self._leaving(_to_console(bound) if bound.stays else redirect(checked), bound, verified)

    async def callback(
        self,
        request: Request,
        token: SessionToken,
        code: AuthorizationCode = None,
        state: State = None,
        error: Error = None,
    ) -> RedirectResponse:
        """Finish the install that this browser began."""
        bound, verified = await self._finished(token, Callback(code, state, error, _states(request)), "console")
        return self._leaving(_to_console(bound), bound, verified)

    async def _came_back(self, request: Request) -> RedirectResponse:
        """The same, with its few texts read here."""
        query = one_of_each(request)
        code, state, error = (text_of(query, name, longest) for name, longest in _LONGEST.items())
        return await self.callback(request, request.cookies.get(SESSION_COOKIE), code, state, error)

    def _begun(self, request: Request, begun: Begun) -> RedirectResponse:
        response = redirect(begun.url)
        state_cookies.remember(response, request, begun.install, self._state_sealer)
        return response

    async def _finished(self, token: str | None, came: Callback, start: Start) -> tuple[Bound, Verified]:
        try:
            verified = verify_callback(came, sealer=self._state_sealer, now=self._clock.now())
            bound = await self._complete(verified, await self._session_still(token), start)
        except (InstallRefusedError, SessionEndedError, ProjectForbiddenError) as refused:
            self._tell_refused(refused)
            raise
        return bound, verified

    async def _session_still(self, token: str | None) -> Session:
        try:
            return await session_of(token, self._sessions)
        except (NoSessionError, SessionInvalidError) as error:
            raise SessionEndedError from error

    def _leaving(self, response: RedirectResponse, bound: Bound, verified: Verified) -> RedirectResponse:
        """The answer that ends an install, after which its state is of no use; nobody waits for what is told of it."""
        state_cookies.forget(response, verified.begun.state)
        response.background = BackgroundTask(self._tell_completed, bound)
        return response

    async def _tell_completed(self, bound: Bound) -> None:
        self._metrics.count("installs", outcome="completed")
        LOG.info(
            "install.completed",
            portal_id=bound.installation.portal_id,
            project_id=bound.installation.project_id,
            generation=bound.installation.generation,
            revision=bound.installation.revision,
            stays=bound.stays,
            trace_id=current_trace_id(),
        )

    def _tell_refused(self, error: OAuthServiceError) -> None:
        reason = error.reason if isinstance(error, InstallRefusedError) else _REASONS[type(error)]
        self._metrics.count("installs", outcome=reason)
        LOG.info("install.refused", reason=reason, trace_id=current_trace_id())


def _states(request: Request) -> tuple[str, ...]:
    return tuple(state_cookies.carried(request).values())


def _to_console(bound: Bound) -> RedirectResponse:
    notice = "stays" if bound.stays else "connected"
    return redirect(CONSOLE_PATH, notice=notice, account=str(bound.installation.portal_id))


_REASONS: Final[dict[type[OAuthServiceError], str]] = {
    SessionEndedError: "session_ended",
    ProjectForbiddenError: "project_forbidden",
}
