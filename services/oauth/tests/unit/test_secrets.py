"""Secrets stay where they belong."""

import io
import logging
from collections.abc import Iterator

import httpx2
import pytest
import structlog

from chassis import logging as chassis_logging
from chassis.clock import ManualClock
from chassis.lifespan import Plumbing
from oauth.adapters.in_memory import InMemoryHubSpot, InMemoryInstallations
from oauth.api.pages import CALLBACK_PATH, INSTALL_PATH
from oauth.errors import AppRejectedError, GrantRevokedError, HubSpotAwayError
from oauth.models import Project

PORTAL = 62515
ACTIONS = {"Authorization": "Bearer credential-of-actions"}


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything that is logged at any level, as the process would write it."""
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    chassis_logging.configure("oauth", "debug", stream)
    yield stream
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.basicConfig(handlers=handlers, level=level, force=True)


async def test_no_secret_is_in_any_line_body_event_or_metric(
    browser: httpx2.AsyncClient,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    plumbing: Plumbing,
    clock: ManualClock,
    acme: Project,
    written: io.StringIO,
) -> None:
    """Codes, states, cookies, verifiers, tokens and credentials of a whole life appear nowhere but where they must."""
    begun = await browser.get(INSTALL_PATH, params={"project": acme.id})
    query = hubspot.consent(begun.headers["location"], PORTAL)
    carried = [cookie.value or "" for cookie in browser.cookies.jar]
    answers = [
        await browser.get(CALLBACK_PATH, params={**query, "state": "planted-canary"}),
        await browser.get(CALLBACK_PATH, params={**query, "error": "error-canary", "error_description": "canary"}),
        await browser.get(CALLBACK_PATH, params=query),
        await browser.get(CALLBACK_PATH, params=query),
        await browser.get(CALLBACK_PATH, params={"code": "c" * 5000, "state": query["state"]}),
        await browser.get("/console", params={"notice": "canary"}),
        await browser.get("/console"),
        await browser.post("/internal/tenants/1/access-token", headers={"Authorization": "Bearer credential-canary"}),
    ]
    given = [(await browser.post(f"/internal/tenants/{PORTAL}/access-token", headers=ACTIONS)).json()["access_token"]]
    for trouble in (HubSpotAwayError("canary"), AppRejectedError("canary"), GrantRevokedError("canary")):
        clock.advance(1800)
        hubspot.troubles.append(trouble)
        answers.append(await browser.post(f"/internal/tenants/{PORTAL}/access-token", headers=ACTIONS))
        clock.advance(1)
        given.append(
            (await browser.post(f"/internal/tenants/{PORTAL}/access-token", headers=ACTIONS)).json()["access_token"]
        )
    events = [event.value() for pending in await installations.pending(10) for event in pending.events]

    told = "\n".join(
        [
            written.getvalue(),
            plumbing.metrics.render().decode(),
            *(answer.text + str(answer.headers.get("location")) for answer in answers),
            *(event.decode() for event in events),
        ]
    )

    assert "install.completed" in told
    assert "token.refresh_failed" in told
    secrets = [*query.values(), *carried, *given, *hubspot.secrets(), "credential-of-actions", "canary", "c" * 5000]
    assert [] == [secret for secret in secrets if secret in told]
    assert len(secrets) > 15
