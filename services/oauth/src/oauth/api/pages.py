"""Pages: rendered on the server, escaped throughout, complete without script and without anyone else's assets."""

from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined

INSTALL_PATH: Final = "/api/hubspot/oauth/install"
CALLBACK_PATH: Final = "/api/hubspot/oauth/callback"
CONSOLE_PATH: Final = "/console"
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
        self._templates.globals.update(static=STATIC_PATH, console_url=CONSOLE_PATH)

    def render(self, template: str, *, status: int = 200, **context: object) -> HTMLResponse:
        """A page as an answer."""
        return HTMLResponse(self._templates.get_template(template).render(context), status, _PAGE_HEADERS)


def redirect(url: str, **query: str) -> RedirectResponse:
    """A redirect to an address of ours or of our settings, with a query of our own."""
    joint = "&" if "?" in url else "?"
    return RedirectResponse(f"{url}{joint}{urlencode(query)}" if query else url, 302, PRIVATE)


def connect_url(project_id: str | None) -> str:
    """Where an install begins."""
    return INSTALL_PATH if project_id is None else f"{INSTALL_PATH}?{urlencode({'project': project_id})}"


def is_browser(request: Request) -> bool:
    """Whether a person waits for a page; sister services never do."""
    return "text/html" in request.headers.get("accept", "") and request.url.path.startswith(("/api/", CONSOLE_PATH))


def add_static_files(app: FastAPI) -> None:
    """Serve the style sheets."""
    app.mount(STATIC_PATH, StaticFiles(directory=Path(__file__).parent.parent / "static"), name="static")
