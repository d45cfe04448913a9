"""The simulator's HTML pages: templates with their stylesheet inside, so a page needs no second request."""

from datetime import UTC, datetime

from jinja2 import ChoiceLoader, Environment, PackageLoader
from starlette.responses import HTMLResponse

from simulators.chert.views import iso


def page(template: str, /, status_code: int = 200, **context: object) -> HTMLResponse:
    """A rendered page."""
    return HTMLResponse(_templates.get_template(template).render(context), status_code=status_code)


def _clock_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%d %b %Y, %H:%M UTC")


_templates = Environment(
    loader=ChoiceLoader([PackageLoader("simulators.chert"), PackageLoader("simulators", "static")]),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_templates.filters |= {"iso": iso, "clock_time": _clock_time}
_templates.globals["deliveries"] = {
    "pending": "Being delivered …",
    "delivered": "Delivered to HubSpot's integration",
    "failed": "Not delivered",
    "dev_inbox": "Kept in the dev inbox",
}
