"""Failures at the edge: our errors become contract bodies by a table, and pages where a browser asks."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from chassis.failures import Refusal
from contracts.failures import Code, Failure
from oauth import errors
from oauth.api.installs import marketplace_url
from oauth.api.pages import CONSOLE_PATH, Pages, connect_url, is_browser, redirect
from oauth.api.words import advice_on
from oauth.errors import (
    InstallReason,
    InstallRefusedError,
    OAuthServiceError,
    ProjectNotChosenError,
    PurgeReason,
    PurgeRefusedError,
    ScopesRefusedError,
    SettingsRefusedError,
)

Handler = Callable[[Request, Exception], Response | Awaitable[Response]]
"""As Starlette has them."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """How an error is answered; the status only where it differs from the registry's."""

    code: Code
    words: str
    status: int | None = None
    reason: str | None = None


_TEMPORARILY: Final = _Answer(Code.UNAVAILABLE, "not available right now")

ANSWERS: Final[dict[type[OAuthServiceError], _Answer]] = {
    errors.NoSessionError: _Answer(Code.NO_CREDENTIALS, "sign in to Chert first"),
    errors.SessionInvalidError: _Answer(Code.BAD_SIGNATURE, "the session is not valid"),
    errors.SessionEndedError: _Answer(Code.NO_CREDENTIALS, "the session has ended"),
    errors.SessionKeysAwayError: _TEMPORARILY,
    errors.NoCredentialError: _Answer(Code.NO_CREDENTIALS, "a service credential is needed"),
    errors.CredentialInvalidError: _Answer(Code.BAD_SIGNATURE, "the service credential is not valid"),
    errors.ProjectForbiddenError: _Answer(Code.FORBIDDEN, "no rights on this project"),
    errors.ProjectNotChosenError: _Answer(Code.MISSING_FIELD, "name a project"),
    errors.TenantUnknownError: _Answer(Code.TENANT_NOT_FOUND, "unknown or inactive tenant"),
    errors.TenantInactiveError: _Answer(Code.NOT_CONNECTED, "unknown or inactive tenant"),
    errors.PurgeRefusedError: _Answer(Code.WRONG_STATE, "the account cannot be forgotten as it is"),
    errors.AccountNotFoundError: _Answer(Code.NOT_FOUND, "no such account"),
    errors.MessageNotFoundError: _Answer(Code.NOT_FOUND, "no such message"),
    errors.AttachmentGoneError: _Answer(Code.NOT_FOUND, "the file is not kept any more", reason="file_gone"),
    errors.FormTokenError: _Answer(Code.FORBIDDEN, "the form has expired", reason="form_expired"),
    errors.ReturnUrlError: _Answer(Code.INVALID_FIELD, "returnUrl is not HubSpot's", reason="return_url"),
    errors.RevisionMovedError: _Answer(
        Code.WRONG_STATE, "the account was changed meanwhile", reason="changed_meanwhile"
    ),
    errors.SettingsRefusedError: _Answer(Code.INVALID_FIELD, "these settings cannot be saved"),
    errors.ChertAwayError: _TEMPORARILY,
    errors.ProjectInactiveError: _TEMPORARILY,
    errors.ActivityAwayError: _TEMPORARILY,
    errors.MessagesAwayError: _Answer(Code.UNAVAILABLE, "the message cannot be read right now", reason="messages_away"),
    errors.AccessTokenRefusedError: _TEMPORARILY,
    errors.AppRejectedError: _TEMPORARILY,
    errors.HubSpotAwayError: _TEMPORARILY,
    errors.SealBrokenError: _TEMPORARILY,
    errors.SealKeyMissingError: _TEMPORARILY,
    errors.ContendedError: _TEMPORARILY,
}
"""Errors that can reach the edge by themselves, but for refused installs."""

_INSTALL_NOT_VERIFIED: Final = _Answer(Code.OAUTH_STATE, "the install could not be verified")

INSTALL_ANSWERS: Final[dict[InstallReason, _Answer]] = {
    "missing_code_or_state": _INSTALL_NOT_VERIFIED,
    "missing_state_cookie": _INSTALL_NOT_VERIFIED,
    "invalid_state_cookie": _INSTALL_NOT_VERIFIED,
    "state_mismatch": _INSTALL_NOT_VERIFIED,
    "access_denied": _Answer(Code.NOT_CONNECTED, "access was not granted in HubSpot"),
    "app_refused": _Answer(Code.NOT_CONNECTED, "HubSpot does not accept our request"),
    "hubspot_busy": _Answer(Code.NOT_CONNECTED, "HubSpot cannot do this now"),
    "hubspot_refused": _Answer(Code.NOT_CONNECTED, "HubSpot refused the install"),
    "missing_scopes": _Answer(Code.NOT_CONNECTED, "required scopes were not granted"),
    "code_rejected": _Answer(Code.NOT_CONNECTED, "HubSpot did not accept the authorization code", status=400),
    "not_configured": _Answer(Code.NOT_CONFIGURED, "HubSpot does not accept our configuration"),
    "uninstalled_meanwhile": _Answer(
        Code.NOT_CONNECTED, "an earlier disconnect of the account was still under way", status=409
    ),
    "hubspot_unavailable": _Answer(Code.UPSTREAM, "HubSpot does not answer properly"),
}
"""Refused installs, by reason."""


PURGE_ANSWERS: Final[dict[PurgeReason, str]] = {
    "still_connected": "the account is connected: disconnect it first",
    "still_departing": "HubSpot is still being told of the disconnect",
    "not_purged": "the account was not purged",
}
"""Accounts that cannot be forgotten, by reason."""


def refusal_of(error: OAuthServiceError) -> Refusal:
    """An error as the contract's refusal."""
    if isinstance(error, PurgeRefusedError):
        return Refusal(Code.WRONG_STATE, PURGE_ANSWERS[error.reason], reason=error.reason)
    if not isinstance(error, InstallRefusedError):
        answer = ANSWERS[type(error)]
        problems = error.problems if isinstance(error, SettingsRefusedError) else ()
        words = ": ".join(filter(None, (answer.words, ", ".join(problem.name for problem in problems))))
        told = {problem.name: problem.words for problem in problems}
        return Refusal(answer.code, words, status=answer.status, reason=answer.reason, problems=told)
    answer = INSTALL_ANSWERS[error.reason]
    words = answer.words
    if isinstance(error, ScopesRefusedError):
        words = f"{words}: {', '.join(error.missing)}"
    return Refusal(answer.code, words, status=answer.status, reason=error.reason)


def install(app: FastAPI, pages: Pages, *, login_url: str) -> None:
    """Answer every failure of the app, to a browser as a page.

    Args:
        app: with the chassis's failure handlers in place, the database's too.
        pages: renders the page.
        login_url: where a browser without a session is sent.
    """
    app.add_exception_handler(OAuthServiceError, _refused)
    for key, handler in list(app.exception_handlers.items()):
        app.add_exception_handler(key, _paged(handler, pages))
    for kind in (errors.NoSessionError, errors.SessionInvalidError):
        app.add_exception_handler(kind, _redirected(_to_login(login_url)))
    app.add_exception_handler(errors.ProjectNotChosenError, _redirected(_to_choice(pages)))


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OAuthServiceError)  # noqa: S101 - registered for this class alone
    return refusal_of(error).response()


def _paged(handler: Handler, pages: Pages) -> Handler:
    """The same answer, as a page where a browser asks."""

    async def answer(request: Request, error: Exception) -> Response:
        answered = handler(request, error)
        response = await answered if isinstance(answered, Awaitable) else answered
        if not is_browser(request):
            return response
        failure = Failure.model_validate_json(bytes(response.body))
        project_id = error.project_id if isinstance(error, InstallRefusedError) else None
        page = pages.render(
            "failure.html",
            status=response.status_code,
            failure=failure,
            advice=advice_on(failure),
            connect_url=connect_url(project_id),
        )
        page.headers.update({name: text for name, text in response.headers.items() if name in _KEPT_HEADERS})
        return page

    return answer


_KEPT_HEADERS: Final = frozenset({"retry-after", "allow", "connection"})


def _redirected(where: Callable[[Request, Exception], Response]) -> Handler:
    """The contract's body, and somewhere else where a browser asks."""

    async def answer(request: Request, error: Exception) -> Response:
        return where(request, error) if is_browser(request) else await _refused(request, error)

    return answer


def _to_login(login_url: str) -> Callable[[Request, Exception], Response]:
    """To the login, and from there back: to the page that was asked for, or to where an install begins."""

    def where(request: Request, _: Exception) -> Response:
        return redirect(login_url, return_to=_asked_for(request))

    return where


def _asked_for(request: Request) -> str:
    """Where to be after signing in. A form is not sent again, and nothing of a callback is repeated."""
    path, query = quote(request.url.path), request.url.query
    if request.method == "GET" and (path.startswith(CONSOLE_PATH) or request.query_params.get("step") == "authorize"):
        return f"{path}?{query}" if query else path
    return CONSOLE_PATH if path.startswith(CONSOLE_PATH) else connect_url(request.query_params.get("project"))


def _to_choice(pages: Pages) -> Callable[[Request, Exception], Response]:
    """To the console, where projects are; for an install that HubSpot began, to a choice of its own."""

    def where(request: Request, error: Exception) -> Response:
        assert isinstance(error, ProjectNotChosenError)  # noqa: S101 - registered for this class alone
        if request.query_params.get("step") != "authorize":
            return redirect(CONSOLE_PATH)
        return_url = request.query_params["returnUrl"]  # was looked at before a project was
        choices = [(choice, marketplace_url(choice.id, return_url)) for choice in error.choices]
        return pages.render("choose_project.html", projects=choices)

    return where
