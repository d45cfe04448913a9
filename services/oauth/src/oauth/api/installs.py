"""Installing over HTTP: where the browser leaves for HubSpot, and where it comes back."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse

from chassis.clock import Clock
from chassis.failures import Refusal
from chassis.logging import get_log
from chassis.metrics import Metrics
from chassis.tracing import current_trace_id
from contracts.failures import Code, Failure
from oauth.api import state_cookies
from oauth.api.pages import CALLBACK_PATH, CONSOLE_PATH, INSTALL_PATH, redirect
from oauth.api.sessions import SessionToken, session_of
from oauth.errors import (
    InstallRefusedError,
    NoSessionError,
    OAuthServiceError,
    ProjectForbiddenError,
    SessionEndedError,
    SessionInvalidError,
)
from oauth.handlers.binding import Bound
from oauth.handlers.installing import Begun, Callback, Verified, choose_project, verify_callback
from oauth.models import Project, Session
from oauth.ports import SessionVerifier, StateSigner

LOG = get_log()

Begin = Callable[[Session, Project], Awaitable[Begun]]
Complete = Callable[[Verified, Session], Awaitable[Bound]]

ProjectId = Annotated[str | None, Query(min_length=1, max_length=100, description="The project to connect.")]
AuthorizationCode = Annotated[str | None, Query(max_length=2000, description="The authorization code.")]
State = Annotated[str | None, Query(max_length=500, description="The state that the install began with.")]
Error = Annotated[str | None, Query(max_length=200, description="Why there is no code.")]

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
_CALLBACK_FAILURES: Final[dict[int | str, dict[str, Any]]] = {
    500: {"description": "HubSpot does not accept our configuration", **_PAGE},
    502: {"description": "HubSpot does not answer properly", **_PAGE},
}


def refuse_repeats(request: Request) -> None:
    """A parameter that comes twice means nothing (RFC 6749, section 3.1).

    Raises:
        Refusal: one does.
    """
    names = [name for name, _ in request.query_params.multi_items()]
    if len(names) != len(set(names)):
        raise Refusal(Code.INVALID_FIELD, "a parameter is repeated")


class InstallRoutes:
    """The two addresses of an install."""

    def __init__(
        self,
        *,
        sessions: SessionVerifier,
        begin: Begin,
        complete: Complete,
        signer: StateSigner,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._sessions, self._begin, self._complete = sessions, begin, complete
        self._signer, self._clock, self._metrics = signer, clock, metrics

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(tags=["install"], dependencies=[Depends(refuse_repeats)])
        router.add_api_route(
            INSTALL_PATH,
            self.install,
            status_code=302,
            response_class=RedirectResponse,
            responses=RESPONSES,
            summary="Begin to connect a HubSpot account to a project",
        )
        router.add_api_route(
            CALLBACK_PATH,
            self.callback,
            status_code=302,
            response_class=RedirectResponse,
            responses={**RESPONSES, **_CALLBACK_FAILURES},
            summary="Come back from HubSpot",
        )
        return router

    async def install(self, request: Request, token: SessionToken, project: ProjectId = None) -> RedirectResponse:
        """Send the browser to HubSpot's consent screen."""
        session = await session_of(token, self._sessions)
        begun = await self._begin(session, choose_project(session, project))
        response = redirect(begun.url)
        state_cookies.remember(response, request, begun.state, begun.expires_at, self._signer)
        return response

    async def callback(
        self,
        request: Request,
        token: SessionToken,
        code: AuthorizationCode = None,
        state: State = None,
        error: Error = None,
    ) -> RedirectResponse:
        """Finish the install that this browser began."""
        came = Callback(code, state, error, tuple(state_cookies.carried(request).values()))
        try:
            verified = verify_callback(came, signer=self._signer, now=self._clock.now())
            bound = await self._complete(verified, await self._session_still(token))
        except (InstallRefusedError, SessionEndedError, ProjectForbiddenError) as refused:
            self._tell_refused(refused)
            raise
        return self._connected(bound, verified.state)

    async def _session_still(self, token: str | None) -> Session:
        try:
            return await session_of(token, self._sessions)
        except (NoSessionError, SessionInvalidError) as error:
            raise SessionEndedError from error

    def _connected(self, bound: Bound, state: str) -> RedirectResponse:
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
        notice = "stays" if bound.stays else "connected"
        response = redirect(CONSOLE_PATH, notice=notice, account=str(bound.installation.portal_id))
        state_cookies.forget(response, state)
        return response

    def _tell_refused(self, error: OAuthServiceError) -> None:
        reason = error.reason if isinstance(error, InstallRefusedError) else _REASONS[type(error)]
        self._metrics.count("installs", outcome=reason)
        LOG.info("install.refused", reason=reason, trace_id=current_trace_id())


_REASONS: Final[dict[type[OAuthServiceError], str]] = {
    SessionEndedError: "session_ended",
    ProjectForbiddenError: "project_forbidden",
}
