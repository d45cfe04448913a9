"""The OpenAPI document, tried out: whatever it allows and forbids is answered as it says."""

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from oauth.adapters.in_memory import InMemoryConsole
from oauth.api.sessions import SESSION_COOKIE
from oauth.models import Project

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_every_answer_is_declared(
    app: FastAPI, console: InMemoryConsole, acme: Project, globex: Project, mode: GenerationMode, accept: str
) -> None:
    """With good credentials, no input whatever causes a server error or an answer that the document leaves out."""
    headers = {"Authorization": "Bearer credential-of-actions", "Accept": accept}
    cookies = {SESSION_COOKIE: console.session("ada", acme, globex)}
    document = schemathesis.openapi.from_asgi("/openapi.json", app).include(path_regex="^/(api|console|internal|ops)")
    tried = 0
    for found in document.get_all_operations():
        if mode is GenerationMode.NEGATIVE and not found.ok().definition.raw.get("parameters"):
            continue  # a route without any input has none that could be wrong

        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
        @given(case=found.ok().as_strategy(generation_mode=mode))
        def try_out(case: schemathesis.Case) -> None:
            nonlocal tried
            tried += 1
            case.call_and_validate(headers=headers, cookies=cookies, checks=CHECKS)

        try_out()
    assert tried > 50
