"""The HTTP surface, wired: one function per surface, and the list of them."""

from functools import partial
from typing import Final

from fastapi import FastAPI

from actions.adapters.mongo import (
    MongoAccounts,
    MongoCreationRecords,
    MongoNewerSignatures,
    MongoReferenceStore,
)
from actions.adapters.signatures import HubSpotVerifier
from actions.api import activity, card, ops, phone_lines
from actions.api.workflow import WorkflowRoutes
from actions.api.workflow_signatures import WorkflowSignatures
from actions.app.background import Background
from actions.app.card import card_use_cases
from actions.app.connections import Connections
from actions.app.contacts import erase_contact
from actions.app.outside import Outside
from actions.errors import NotPurgedError, StoreAwayError
from actions.handlers.activity import read_activity
from actions.handlers.bulkheads import Bulkhead
from actions.handlers.phone_line_options import OfferLines
from actions.handlers.sending import SendOnce
from actions.handlers.signature_versions import SignatureVersions
from actions.handlers.tenant_work import TenantOperations
from actions.handlers.where import Where
from actions.handlers.workflow import SendForWorkflow
from actions.settings import Settings
from chassis import operating, tenant_operating
from chassis.lifespan import Plumbing
from chassis.releasing import Releases
from chassis.replaying import Replays
from contracts.topics import CONTACT_CREATED

EACH: Final = 20
"""Executions of one account at once: as many as HubSpot allows its cards."""

TOTAL: Final = 80
"""Executions at once; fewer than connections to Chert, so that created contacts find one. Cards have their own."""

WAITING: Final = 200
"""Executions of one account that may wait for a place; HubSpot repeats what is turned away."""


def add_routes(
    app: FastAPI,
    settings: Settings,
    connections: Connections,
    background: Background,
    outside: Outside,
    send: SendOnce,
    plumbing: Plumbing,
) -> None:
    """Give the app every route."""
    secrets = connections.secrets
    verifier = HubSpotVerifier(settings.public_base_url, lambda: secrets.read().hubspot_client_secrets, plumbing.clock)
    places = Bulkhead(each=EACH, total=TOTAL, waiting=WAITING)
    for_workflow = SendForWorkflow(send_once=send, steps=background.steps, sends=background.sends, bulkhead=places)
    signatures = WorkflowSignatures(
        verifier=verifier,
        versions=SignatureVersions(MongoNewerSignatures(connections.database)),
        accept_v2=settings.accept_v2,
        metrics=plumbing.metrics,
    )
    offer = OfferLines(tenants=send.tenants, authority=send.authority, lines=outside.facts)
    use_cases = card_use_cases(settings, connections, background, outside, send, plumbing)
    WorkflowRoutes(signatures, for_workflow).install(app)
    app.include_router(phone_lines.router(signatures, offer))
    app.include_router(card.router(verifier, use_cases, plumbing.metrics))
    read = partial(read_activity, sends=background.sends, openings=outside.openings)
    app.include_router(activity.router(lambda: secrets.read().service_credentials, read))
    accounts = MongoAccounts(connections.database)
    operations = TenantOperations(
        tenants=send.tenants,
        accounts=accounts,
        data=accounts,
        erase=erase_contact(connections, background, outside),
        clock=plumbing.clock,
    )
    credentials, away = lambda: secrets.read().service_credentials, (StoreAwayError,)
    app.include_router(tenant_operating.router(credentials, operations, away=away, not_purged=NotPurgedError))
    sending = {CONTACT_CREATED.name}
    replays = Replays(background.consumers, sending=sending)
    releases = Releases(background.consumers, sending=sending)
    app.include_router(operating.router(replays, releases, lambda: secrets.read().service_credentials))
    app.include_router(
        ops.router(lambda: secrets.read().service_credentials, _where(connections, background, plumbing))
    )


def _where(connections: Connections, background: Background, plumbing: Plumbing) -> Where:
    return Where(
        references=MongoReferenceStore(connections.database),
        sends=background.sends,
        steps=background.steps,
        creations=MongoCreationRecords(connections.database),
        number_hash=connections.number_hash,
        clock=plumbing.clock,
    )
