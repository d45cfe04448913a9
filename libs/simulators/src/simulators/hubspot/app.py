"""Composition: settings in, the ASGI application of the simulated HubSpot out."""

import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline

from simulators import edge_control
from simulators.clock import Clock
from simulators.edge import Edge
from simulators.hubspot import (
    account,
    associations,
    callbacks,
    communications,
    consent,
    contacts,
    control,
    control_accounts,
    control_executions,
    control_journal,
    fault_pages,
    journal_api,
    marketplace,
    oauth,
    pages,
    record_pages,
    schemas,
    search,
    workflow_pages,
)
from simulators.hubspot.deliveries import TooManyDeliveriesError
from simulators.hubspot.errors import EXCEPTION_HANDLERS, ExceptionHandler
from simulators.hubspot.settings import HubSpotSimulatorSettings
from simulators.hubspot.simulator import Simulator
from simulators.hubspot.state import PortalExistsError, UnknownContactError, UnknownPortalError
from simulators.hubspot.templating import page
from simulators.hubspot.workflow_builder import TooManyWorkflowsError, UnknownWorkflowError
from simulators.hubspot.workflows import TooManyExecutionsError, UnknownExecutionError

SYSTEM_CHANCE = random.SystemRandom().random
DATED = ("2026-03", "2026-09")
OBJECTS = ("/crm/v3/objects", *(f"/crm/objects/{version}" for version in DATED))
PROPERTIES = ("/crm/v3/properties", *(f"/crm/properties/{version}" for version in DATED))
ASSOCIATION_PAIRS = ("/crm/v4/objects", *(f"/crm/objects/{version}" for version in DATED))
ASSOCIATION_BATCHES = ("/crm/v4/associations", *(f"/crm/associations/{version}" for version in DATED))
# The 2026-09 pre-release has no such route (contract 5.3).
ASSOCIATION_LISTS = ("/crm/v4/objects", "/crm/objects/2026-03")

# Where each group of routes is served, older forms beside the dated ones (contract 0, path mapping).
API: tuple[tuple[APIRouter, tuple[str, ...]], ...] = (
    (oauth.token_router, tuple(f"/oauth/{version}" for version in oauth.TOKEN_VERSIONS)),
    (oauth.introspection_router, tuple(f"/oauth/{version}" for version in oauth.INTROSPECTION_VERSIONS)),
    (account.details_router, tuple(f"/account-info/{version}" for version in account.VERSIONS)),
    (account.uninstall_router, tuple(f"/appinstalls/{version}" for version in account.VERSIONS)),
    (contacts.router, OBJECTS),
    (search.router, OBJECTS),
    (schemas.router, PROPERTIES),
    (communications.router, OBJECTS),
    (associations.pair_router, ASSOCIATION_PAIRS),
    (associations.list_router, ASSOCIATION_LISTS),
    (associations.batch_router, ASSOCIATION_BATCHES),
    (callbacks.router, tuple(f"/automation/actions/callbacks/{version}" for version in callbacks.VERSIONS)),
    (journal_api.subscriptions_router, tuple(f"/webhooks-journal/subscriptions/{version}" for version in DATED)),
    (journal_api.journal_router, tuple(f"/webhooks-journal/journal/{version}" for version in DATED)),
)


def create_app(
    settings: HubSpotSimulatorSettings,
    *,
    clock: Clock,
    transport: httpx2.AsyncBaseTransport | None = None,
    chance: Callable[[], float] = SYSTEM_CHANCE,
) -> FastAPI:
    """The simulated HubSpot; `transport` carries its calls to the app, `chance` gives figures from 0 to 1."""
    client = httpx2.AsyncClient(transport=transport, follow_redirects=False, trust_env=False)
    simulator = Simulator(settings, clock=clock, client=client, chance=chance)
    app = FastAPIOffline(
        title="Simulated HubSpot: control API",
        exception_handlers={**EXCEPTION_HANDLERS, **_CONTROL_HANDLERS},
        lifespan=_lifespan,
        redoc_url=None,
    )
    app.state.simulator = simulator
    app.state.client = client
    app.state.recorder, app.state.faults = simulator.recorder, simulator.faults
    app.add_middleware(
        Edge, clock=clock, recorder=simulator.recorder, faults=simulator.faults, background=simulator.background
    )
    _add_routes(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    client: httpx2.AsyncClient = app.state.client
    simulator: Simulator = app.state.simulator
    async with client:
        yield
        await simulator.background.cancel()


def _add_routes(app: FastAPI) -> None:
    for router, prefixes in API:
        for prefix in prefixes:
            app.include_router(router, prefix=prefix, include_in_schema=False)
    app.include_router(consent.router, include_in_schema=False)
    app.include_router(pages.router, include_in_schema=False)
    app.include_router(record_pages.router, include_in_schema=False)
    app.include_router(workflow_pages.router, include_in_schema=False)
    app.include_router(fault_pages.router, include_in_schema=False)
    app.include_router(marketplace.router, include_in_schema=False)
    app.include_router(journal_api.files_router, include_in_schema=False)
    app.include_router(control_accounts.router)
    app.include_router(control_executions.router)
    app.include_router(control.router)
    app.include_router(control_journal.router)
    app.include_router(edge_control.router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parents[1] / "static"))
    project = app.state.simulator.project
    if project is not None and project.has_card:
        app.mount("/card", StaticFiles(directory=project.scripts))


async def _answer_unknown(request: Request, _: LookupError) -> Response:
    if request.url.path.startswith("/control"):
        return JSONResponse({"detail": "not found"}, 404)
    return page(request, "message.html", status=404, title="Not found", words="There is no such account or contact.")


async def _answer_exists(_request: Request, _error: PortalExistsError) -> Response:
    return JSONResponse({"detail": "there is an account with this id"}, 409)


async def _answer_full(_request: Request, _error: RuntimeError) -> Response:
    return JSONResponse({"detail": "too much is unfinished; wait, or reset"}, 503)


_CONTROL_HANDLERS: Mapping[int | type[Exception], ExceptionHandler] = {
    UnknownPortalError: _answer_unknown,
    UnknownContactError: _answer_unknown,
    UnknownExecutionError: _answer_unknown,
    UnknownWorkflowError: _answer_unknown,
    PortalExistsError: _answer_exists,
    TooManyDeliveriesError: _answer_full,
    TooManyExecutionsError: _answer_full,
    TooManyWorkflowsError: _answer_full,
}
