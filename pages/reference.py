"""The events and the HTTP routes, from the contracts and from what each service says of itself."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from fastapi import FastAPI

from actions.app import build as build_actions
from actions.settings import Settings as ActionsSettings
from chassis.lifespan import Plumbing
from contracts.envelope import EventData, EventType
from contracts.topics import EVENT_TYPES
from oauth.app import build as build_oauth
from oauth.settings import Settings as OAuthSettings
from timeline.app import build as build_timeline
from timeline.settings import Settings as TimelineSettings
from webhooks.app import build as build_webhooks
from webhooks.settings import Settings as WebhooksSettings

ROOT: Final = Path(__file__).parents[1]

_EVENTS = """# Events

Written by `make docs` from `libs/contracts`, its examples and `deploy/topics.yaml`; a test fails when it is stale.

Each event is a CloudEvents 1.0 record in Kafka's binary mode: the members below are the JSON value, and the headers are
`ce_specversion`, `ce_id`, `ce_type`, `ce_source`, `ce_time`, `ce_subject`, `ce_dataschema` (topic and version),
`content-type` and `traceparent`. One event is at most 512 KiB. An event may come more than once, with the same `ce_id`.

A member may be added without a new version, so readers ignore what they do not know; anything else is a new version,
which is produced only by a release after the one that reads it. A consumer that meets a newer version waits.
"""

_ROUTES = """# HTTP

Written by `make docs` from what the services say of themselves (`/openapi.json`); a test fails when it is not current.

`/api/*` and `/console*` are public; `/internal/*` is for sister services and `/ops/*` for operators, each with a
credential and never through the gateway; `/livez`, `/readyz` and `/metrics` are for whoever runs the processes.
A refusal has the body `{"ok": false, "error", "code", "message", "retryable", "trace_id"}`; codes are in
[Refusals](../refusals.md).
"""


def events() -> str:
    """The page of events."""
    catalogue = yaml.safe_load((ROOT / "deploy" / "topics.yaml").read_text())
    parts = [_EVENTS]
    for name, kind in EVENT_TYPES.items():
        parts += [f"## `{name}`\n", *_kept(catalogue, name), *_fields(kind), *_example(name)]
    return "\n".join(parts)


def _kept(catalogue: Mapping[str, Any], name: str) -> Iterator[str]:
    topic = catalogue["defaults"] | catalogue["topics"][name]
    readers = ", ".join(f"`{reader}`" for reader in topic["consumers"]) or "your own services"
    writers = ", ".join(f"`{writer}`" for writer in topic["producers"])
    kept = "compacted" if topic["cleanup_policy"] == "compact" else f"{topic['retention_days']} days"
    yield f"From {writers} to {readers}. Key: {topic['key']}. Kept: {kept}. Partitions: {topic['partitions']}.\n"


def _fields(kind: EventType[EventData]) -> Iterator[str]:
    schema = kind.data.model_json_schema()
    yield f"{(kind.data.__doc__ or '').strip().splitlines()[0]} Version {kind.version}.\n"
    yield "| Member | Type | Required |"
    yield "| --- | --- | --- |"
    for name, field in schema["properties"].items():
        yield f"| `{name}` | {_type(field)} | {'yes' if name in schema.get('required', ()) else 'no'} |"
    yield ""


def _type(field: Mapping[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_type(one) for one in field["anyOf"])
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    kind = str(field.get("type", "any"))
    return f"{kind} ({field['format']})" if "format" in field else kind


def _example(name: str) -> Iterator[str]:
    example = min((ROOT / "libs" / "contracts" / "examples" / name).glob("*/*.json"))
    yield f"```json\n{json.dumps(json.loads(example.read_text()), indent=2, ensure_ascii=False)}\n```\n"


def routes() -> str:
    """The page of routes."""
    parts = [_ROUTES]
    for name, app in _apps().items():
        parts += [f"## `{name}`\n", "| Route | What it does | Answers |", "| --- | --- | --- |", *_rows(app), ""]
    return "\n".join(parts)


def _rows(app: FastAPI) -> Iterator[str]:
    for path, operations in sorted(app.openapi()["paths"].items()):
        for method, operation in operations.items():
            answers = ", ".join(sorted(operation["responses"]))
            yield f"| `{method.upper()} {path}` | {operation.get('summary', '')} | {answers} |"


def _apps() -> dict[str, FastAPI]:
    """Each service, made and never started."""
    told: dict[str, Any] = {
        "port": 1,
        "kafka_bootstrap": "localhost:1",
        "public_base_url": "https://console.example.com",
        "secrets_file": Path("secrets.json"),
    }
    stored = told | {"mongo_url": "mongodb://localhost:1/"}
    api, chert, oauth = "https://api.hubapi.com", "https://console.example.com", "http://oauth"
    return {
        "oauth": build_oauth(
            OAuthSettings(
                **stored,
                hubspot_app_url="https://app.hubspot.com",
                hubspot_api_url=api,
                hubspot_client_id="id",
                hubspot_app_id=1,
                key_ring_file=Path("key-ring.json"),
                login_url=f"{chert}/login",
                session_jwks_url=f"{chert}/.well-known/jwks.json",
                session_issuer=chert,
                session_audience="chert-hubspot",
                chert_url=chert,
            ),
            Plumbing(),
        ),
        "webhooks": build_webhooks(WebhooksSettings(**told), Plumbing()).app,
        "actions": build_actions(ActionsSettings(**stored, oauth_url=oauth, chert_url=chert), Plumbing()),
        "timeline": build_timeline(
            TimelineSettings(**stored, oauth_url=oauth, chert_url=chert, hubspot_api_url=api), Plumbing()
        ),
    }
