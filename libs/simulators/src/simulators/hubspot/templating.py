"""The pages' templates and what they need of the program."""

from datetime import UTC, datetime

import jinja2
from fastapi import Request
from fastapi.responses import Response
from fastapi.templating import Jinja2Templates

from simulators.hubspot.richtext import rendered

# Nothing on these pages comes from elsewhere or runs a script.
CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'"
# A page that hosts a card, or keeps itself fresh, runs the scripts of this server.
WITH_SCRIPTS = f"{CONTENT_SECURITY_POLICY}; script-src 'self'; worker-src 'self'; connect-src 'self'"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d %b %Y, %H:%M:%S UTC")


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("simulators.hubspot"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {"moment": _moment, "rendered": rendered}
    return environment


_templates = Jinja2Templates(env=_environment())


def page(
    request: Request, template: str, *, status: int = 200, policy: str = CONTENT_SECURITY_POLICY, **context: object
) -> Response:
    """A page rendered from a template."""
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
    return _templates.TemplateResponse(request, template, context, status_code=status, headers=headers)
