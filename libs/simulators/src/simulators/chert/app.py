"""Composition: settings in, the simulated Chert as an ASGI application out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx2
from fastapi import APIRouter, FastAPI
from fastapi_offline import FastAPIOffline
from starlette.types import Lifespan

from simulators import edge_control
from simulators.background import BackgroundTasks
from simulators.chert import attachments, console, control, events, messaging, phones, subscriptions, unpublished
from simulators.chert.failures import API, handle_failures
from simulators.chert.models import Subscription
from simulators.chert.sessions import Sessions, session_key
from simulators.chert.settings import ChertSimulatorSettings
from simulators.chert.simulator import ChertSimulator
from simulators.chert.state import NewId, State
from simulators.chert.trace import TraceIds
from simulators.chert.webhooks import CONCURRENCY, WebhookSender
from simulators.clock import Clock
from simulators.edge import Edge
from simulators.faults import FaultPlan
from simulators.recording import Recorder


def create_app(
    settings: ChertSimulatorSettings,
    *,
    clock: Clock,
    new_id: NewId = uuid4,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> FastAPI:
    """The simulator; `transport` is what webhooks travel by, the network unless given."""
    client = httpx2.AsyncClient(transport=transport, limits=httpx2.Limits(max_connections=CONCURRENCY), trust_env=False)
    chert = ChertSimulator(
        clock=clock,
        state=State(new_id),
        webhooks=WebhookSender(client, clock),
        sessions=Sessions(session_key(settings.session_key_file), issuer=settings.issuer, audience=settings.audience),
        recorder=Recorder(),
        faults=FaultPlan(),
        signing_secret=settings.signing_secret.get_secret_value(),
    )
    background = BackgroundTasks()
    _subscribe_platform(chert, settings)
    app = FastAPIOffline(
        title="Chert simulator",
        description="The control API; the routes of Chert itself are as Chert documents them.",
        lifespan=_lifespan(chert, client, background),
    )
    app.state.chert, app.state.recorder, app.state.faults = chert, chert.recorder, chert.faults
    _include_routes(app, with_unpublished=settings.unpublished_routes)
    handle_failures(app)
    app.add_middleware(TraceIds, new_id=new_id)
    app.add_middleware(Edge, clock=clock, recorder=chert.recorder, faults=chert.faults, background=background)
    return app


def _subscribe_platform(chert: ChertSimulator, settings: ChertSimulatorSettings) -> None:
    if settings.webhook_url is None:
        return
    subscription = Subscription(
        id=str(chert.state.new_id()),
        tenant=None,
        url=settings.webhook_url,
        events=[],
        version="2026-04-01",
        secret=settings.webhook_secret.get_secret_value(),
        created_at=chert.clock.now(),
    )
    chert.state.subscriptions[subscription.id] = subscription


def _include_routes(app: FastAPI, *, with_unpublished: bool) -> None:
    api = APIRouter(prefix=API)
    for module in (messaging, attachments, subscriptions, events):
        api.include_router(module.router)
    if with_unpublished:
        api.include_router(unpublished.router)
    for router in (api, console.router, phones.router, control.router, edge_control.router):
        app.include_router(router)


def _lifespan(chert: ChertSimulator, client: httpx2.AsyncClient, background: BackgroundTasks) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with client:
            yield
            await chert.webhooks.cancel()
            await background.cancel()

    return lifespan
