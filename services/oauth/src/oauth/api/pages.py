"""Pages: rendered on the server, escaped throughout, complete without script and without anyone else's assets."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined

from contracts.console import MESSAGES, message_page
from oauth.api.console_words import EDITIONS

INSTALL_PATH: Final = "/api/hubspot/oauth/install"
CALLBACK_PATH: Final = "/api/hubspot/oauth/callback"
CONSOLE_PATH: Final = "/console"
ACCOUNT_PATH: Final = "/console/projects/{project_id}/accounts/{portal_id}"
MESSAGE_PATH: Final = f"{MESSAGES}{{chert_tenant}}/{{message_id}}"
FILE_PATH: Final = "/console/files/{chert_tenant}/{number}/{message_id}"
HELP_PATH: Final = "/console/help/app-not-found"
STATIC_PATH: Final = "/console/static"

_CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "  # the style sheet's own icons are data
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

PRIVATE: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
"""On every answer whose address or content is one user's: a callback's address holds an authorization code."""

_PAGE_HEADERS: Final = {
    **PRIVATE,
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
}


class Pages:
    """Renders the templates of this package."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=PackageLoader("oauth"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(
            static=STATIC_PATH, console_url=CONSOLE_PATH, help_url=HELP_PATH, editions=EDITIONS
        )

    def render(self, template: str, *, status: int = 200, **context: object) -> HTMLResponse:
        """A page as an answer."""
        return HTMLResponse(self._templates.get_template(template).render(context), status, _PAGE_HEADERS)


def redirect(url: str, **query: str) -> RedirectResponse:
    """A redirect to an address of ours or of our settings, with a query of our own."""
    return RedirectResponse(_with_query(url, query), 302, PRIVATE)


def see_other(url: str, **query: str) -> RedirectResponse:
    """Where to go after a form was sent, so that a reload does not send it again."""
    return RedirectResponse(_with_query(url, query), 303, PRIVATE)


def connect_url(project_id: str | None) -> str:
    """Where an install begins."""
    return INSTALL_PATH if project_id is None else f"{INSTALL_PATH}?{urlencode({'project': project_id})}"


def account_url(project_id: str, portal_id: int) -> str:
    """An account's page."""
    return ACCOUNT_PATH.format(project_id=quote(project_id, safe=""), portal_id=portal_id)


def message_url(chert_tenant: str, message_id: str) -> str:
    """A message's page."""
    return message_page(chert_tenant, message_id)


def file_url(chert_tenant: str, message_id: str, number: int) -> str:
    """Where a file of a message is, by its number."""
    return FILE_PATH.format(
        chert_tenant=quote(chert_tenant, safe=""), number=number, message_id=quote(message_id, safe="")
    )


def is_browser(request: Request) -> bool:
    """Whether a person waits for a page, and would not rather have JSON; sister services never do."""
    if not request.url.path.startswith(("/api/", CONSOLE_PATH)):
        return False
    wishes = request.headers.get("accept", "")
    return 0 < _wish(wishes, "text/html") >= _wish(wishes, "application/json")


def _wish(wishes: str, kind: str) -> float:
    """How much a kind is wished for, 0 to 1 (RFC 9110, section 12.5.1); wildcards wish for nothing in particular."""
    for wish in wishes.split(","):
        name, _, parameters = wish.strip().partition(";")
        if name.strip().lower() == kind:
            quality = _QUALITY.search(parameters)
            return float(quality.group(1)) if quality else 1.0
    return 0.0


_QUALITY: Final = re.compile(r"(?:^|;)\s*q=([01](?:\.[0-9]{0,3})?)\s*(?:;|$)")


def _with_query(url: str, query: Mapping[str, str]) -> str:
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}{urlencode(query)}" if query else url


def add_static_files(app: FastAPI) -> None:
    """Serve the style sheets."""
    app.mount(STATIC_PATH, StaticFiles(directory=Path(__file__).parent.parent / "static"), name="static")
