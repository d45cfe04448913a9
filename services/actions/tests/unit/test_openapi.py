"""The OpenAPI document of the routes that nobody signs by a card: whatever is sent is answered as it says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from pydantic import SecretStr
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from actions.adapters.in_memory import (
    InMemoryCardOpenings,
    InMemoryCreationRecords,
    InMemoryFacts,
    InMemoryNewerSignatures,
    InMemoryReferenceStore,
    InMemorySendStore,
    InMemoryStepStore,
    InMemoryTenantAuthority,
    InMemoryTenantStore,
)
from actions.api import activity, ops, phone_lines
from actions.api.workflow_signatures import WorkflowSignatures
from actions.handlers.activity import read_activity
from actions.handlers.phone_line_options import OfferLines
from actions.handlers.signature_versions import SignatureVersions
from actions.handlers.where import Where
from actions.models import SignedRequest
from chassis.clock import ManualClock
from chassis.lifespan import Plumbing, service_app
from chassis.number_hash import KeyedNumberHash

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
CREDENTIALS = {"oauth": SecretStr("of-oauth"), "ops": SecretStr("of-operators")}


class EverythingIsSigned:
    """A verifier that trusts everybody."""

    def verify(self, request: SignedRequest) -> None:
        """Trust it."""

    def verify_v2(self, request: SignedRequest) -> None:
        """Trust it."""


@pytest.fixture
def app(
    tenants: InMemoryTenantStore,
    authority: InMemoryTenantAuthority,
    facts: InMemoryFacts,
    sends: InMemorySendStore,
    steps: InMemoryStepStore,
    openings: InMemoryCardOpenings,
    number_hash: KeyedNumberHash,
    clock: ManualClock,
) -> FastAPI:
    """The options, what `oauth` asks, and what operators ask."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    plumbing = Plumbing(clock=clock)
    signatures = WorkflowSignatures(
        verifier=EverythingIsSigned(),
        versions=SignatureVersions(InMemoryNewerSignatures()),
        accept_v2=False,
        metrics=plumbing.metrics,
    )
    where = Where(
        references=InMemoryReferenceStore(),
        sends=sends,
        steps=steps,
        creations=InMemoryCreationRecords(),
        number_hash=number_hash,
        clock=clock,
    )
    app = service_app("actions", "", plumbing, lifespan)
    app.include_router(phone_lines.router(signatures, OfferLines(tenants=tenants, authority=authority, lines=facts)))
    app.include_router(activity.router(lambda: CREDENTIALS, partial(read_activity, sends=sends, openings=openings)))
    app.include_router(ops.router(lambda: CREDENTIALS, where))
    return app


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(
    ("path", "credential"),
    [("/api/hubspot/options/", "none"), ("/internal/", "of-oauth"), ("/ops/", "of-operators"), ("/ops/", "of-oauth")],
)
def test_every_answer_is_declared(app: FastAPI, path: str, credential: str, mode: GenerationMode) -> None:
    """No input whatever causes a server error or an answer that the document leaves out."""
    document = schemathesis.openapi.from_asgi("/openapi.json", app).include(path_regex=f"^{path}")
    [found] = document.get_all_operations()
    tried = 0

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(case=found.ok().as_strategy(generation_mode=mode))
    def try_out(case: schemathesis.Case) -> None:
        nonlocal tried
        tried += 1
        case.call_and_validate(headers={"Authorization": f"Bearer {credential}"}, checks=CHECKS)

    try_out()
    assert tried >= 3
