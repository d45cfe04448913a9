"""Every operation that the services' OpenAPI documents name, and how it is called with the ids of an account."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import httpx2
from pydantic import JsonValue

Ids = Mapping[str, str]
Caller = Literal["session", "form", "hubspot", "chert", "service", "sister", "operator"]
"""Who opens a door: somebody at the console, who also fills in forms; HubSpot or Chert, by signature; a service that
asks `oauth`; `oauth`, which asks its sisters; an operator."""

SINCE: Final = "2020-01-01T00:00:00Z"
ORDER: Final[JsonValue] = {"operator": "ana", "reason": "to see who may"}
CONSUMED: Final = {"oauth": "app.uninstalled", "actions": "message.received", "timeline": "message.received"}
"""A topic that each service which consumes any works through."""
CONFLICT: Final = 409


@dataclass(frozen=True)
class Door:
    """One operation.

    Attributes:
        service: whose document names it.
        operation: method and path as there.
        caller: for whom it opens.
        ids: which ids it is called with; each may be of this account or of that.
        query: what stands behind the path, with names of ids in braces.
        body: what is sent, made of the ids.
        shut: whether its owner is refused too as long as the account is connected (409).
    """

    service: str
    operation: str
    caller: Caller
    ids: tuple[str, ...] = ()
    query: str = ""
    body: Callable[[Ids], JsonValue] | None = None
    shut: bool = False

    @property
    def name(self) -> str:
        """As documents name it."""
        return f"{self.service} {self.operation}"

    @property
    def method(self) -> str:
        """Of HTTP."""
        return self.operation.partition(" ")[0]

    def target(self, ids: Ids) -> str:
        """Path and query."""
        return (self.operation.partition(" ")[2] + self.query).format_map({"number": "1", **ids})

    def opened(self, answer: httpx2.Response) -> bool:
        """Whether the answer gives what was asked for: signed calls are refused in the body too."""
        if self.shut and answer.status_code == CONFLICT:
            return True
        if answer.status_code >= 400 or self.caller != "hubspot":
            return answer.status_code < 400
        told = answer.json() if answer.content else {}
        return told.get("ok") is not False and told.get("outputFields", {}).get("ok") != "false"


def _execution(ids: Ids) -> JsonValue:
    return {
        "callbackId": ids["fresh"],
        "origin": {"portalId": int(ids["portal_id"])},
        "object": {"objectId": int(ids["contact_id"]), "properties": {"phone": ids["phone"]}},
        "inputFields": {"message": f"Hello {ids['fresh']}", "phone_line_id": ids["line"]},
    }


def _options(ids: Ids) -> JsonValue:
    return {"origin": {"portalId": int(ids["portal_id"])}, "fetchOptions": {}}


def _card_send(ids: Ids) -> JsonValue:
    text = f"From the card {ids['fresh']}"
    return {"contact_id": ids["contact_id"], "message": text, "client_message_id": ids["fresh"]}


def _event(kind: str) -> Callable[[Ids], JsonValue]:
    def make(ids: Ids) -> JsonValue:
        event = {"eventId": int(ids["fresh"], 16), "subscriptionId": 1, "portalId": int(ids["portal_id"]), "appId": 1}
        told = {"occurredAt": 1_790_000_000_000, "subscriptionType": kind, "attemptNumber": 0}
        return [{**event, **told, "objectId": int(ids["contact_id"])}]

    return make


def _chert_event(ids: Ids) -> JsonValue:
    return {"event_type": "nothing.that.matters", "event_id": ids["fresh"], "data": {"tenant": ids["chert_tenant"]}}


def _replay(topic: str) -> Callable[[Ids], JsonValue]:
    return lambda _: {"topic": topic, "records": []}


def _release(topic: str) -> Callable[[Ids], JsonValue]:
    return lambda ids: {"topic": topic, "partition": 0, "owner": ids["chert_tenant"]}


def _log(ids: Ids) -> JsonValue:
    return {"chert_tenant": ids["chert_tenant"], "since": SINCE}


def _contact(ids: Ids) -> JsonValue:
    return {"contact_id": ids["contact_id"]}


def _where(ids: Ids) -> JsonValue:
    return {"id": ids["message_id"]}


def _of_tenants(ids: Ids) -> JsonValue:
    return {"portal_ids": [int(ids["portal_id"])]}


_ORDER: Final = lambda _: ORDER  # noqa: E731 - one more word for the tables
_CARD: Final = "userId=42&portalId={portal_id}&appId=1"
_ACCOUNT: Final = "/console/projects/{project_id}/accounts/{portal_id}"
_BOTH: Final = ("project_id", "portal_id")
_MESSAGE: Final = ("chert_tenant", "message_id")
_PORTAL: Final = ("portal_id",)
_TENANT: Final = "/ops/tenants/{portal_id}"

DOORS: Final[tuple[Door, ...]] = (
    Door("oauth", "GET /api/hubspot/oauth/install", "session", ("project_id",), "?project={project_id}"),
    Door("oauth", "GET /console/messages/{chert_tenant}/{message_id}", "session", _MESSAGE),
    Door("oauth", "GET /console/files/{chert_tenant}/{number}/{message_id}", "session", _MESSAGE),
    Door("oauth", f"GET {_ACCOUNT}", "session", _BOTH),
    Door("oauth", f"GET {_ACCOUNT}/disconnect", "session", _BOTH),
    Door("oauth", f"POST {_ACCOUNT}/settings", "form", _BOTH),
    Door("oauth", "POST /internal/tenants/{portal_id}/access-token", "service", _PORTAL),
    Door("oauth", "POST /internal/tenants/{portal_id}/doubts", "service", _PORTAL),
    Door("oauth", "GET /internal/tenants/{portal_id}", "service", _PORTAL),
    Door("oauth", f"GET {_TENANT}", "operator", _PORTAL),
    Door("oauth", f"POST {_TENANT}/pause", "operator", _PORTAL, body=_ORDER),
    Door("oauth", f"POST {_TENANT}/resume", "operator", _PORTAL, body=_ORDER),
    Door("oauth", f"POST {_TENANT}/token-check", "operator", _PORTAL),
    Door("oauth", f"POST {_TENANT}/purge", "operator", _PORTAL, body=_ORDER, shut=True),
    Door("oauth", f"POST {_TENANT}/tombstones", "operator", _PORTAL, shut=True),
    Door("actions", "POST /api/hubspot/send", "hubspot", ("portal_id", "line"), body=_execution),
    Door("actions", "POST /api/hubspot/options/phone-lines", "hubspot", _PORTAL, body=_options),
    Door(
        "actions",
        "GET /api/hubspot/widget/context",
        "hubspot",
        ("portal_id", "contact_id"),
        f"?contact_id={{contact_id}}&{_CARD}",
    ),
    Door("actions", "POST /api/hubspot/widget/send", "hubspot", ("portal_id", "contact_id"), f"?{_CARD}", _card_send),
    Door("actions", "GET /api/hubspot/widget/campaign-status", "hubspot", _PORTAL, f"?{_CARD}"),
    Door("webhooks", "POST /api/hubspot/uninstall", "hubspot", _PORTAL, body=_event("app.unknown")),
    Door("webhooks", "POST /api/hubspot/webhook", "hubspot", _PORTAL, body=_event("contact.propertyChange")),
    Door("webhooks", "POST /api/chert/webhook", "chert", ("chert_tenant",), body=_chert_event),
    Door("timeline", "GET /internal/messages/{chert_tenant}/{message_id}", "sister", _MESSAGE),
    Door("timeline", "POST /ops/replay/event-log", "operator", ("chert_tenant",), body=_log),
    Door("timeline", f"POST {_TENANT}/breaker-reset", "operator", _PORTAL),
    *(
        door
        for service in ("actions", "timeline")
        for door in (
            Door(service, "GET /internal/activity/{portal_id}", "sister", _PORTAL, f"?since={SINCE}"),
            Door(service, "POST /ops/tenants", "operator", _PORTAL, body=_of_tenants),
            Door(service, f"POST {_TENANT}/purge", "operator", _PORTAL, shut=True),
        )
    ),
    *(
        door
        for service, topic in CONSUMED.items()
        for door in (
            Door(service, "POST /ops/where", "operator", ("message_id",), body=_where),
            Door(service, "POST /ops/replay", "operator", body=_replay(topic)),
            Door(service, "GET /ops/held", "operator"),
            Door(service, "POST /ops/held/release", "operator", ("chert_tenant",), body=_release(topic)),
        )
    ),
    Door("oauth", "GET /ops/keys", "operator"),
    Door("oauth", "GET /ops/tenants", "operator"),
    Door("oauth", "GET /console", "session", _PORTAL, "?notice=connected&account={portal_id}"),
    *(
        Door(service, f"POST {_TENANT}/erase-contact", "operator", ("portal_id", "contact_id"), body=_contact)
        for service in ("actions", "timeline")
    ),
    Door("oauth", f"POST {_ACCOUNT}/disconnect", "form", _BOTH),
)
"""In the order in which owners try them: what ends something comes last."""

OF_NOBODY: Final = frozenset(
    {
        *(f"{service} GET {path}" for service in ("oauth", "webhooks", "actions", "timeline")
          for path in ("/livez", "/readyz", "/metrics")),
        "oauth GET /console/help/app-not-found",
        "oauth GET /api/hubspot/oauth/callback",
    }
)  # fmt: skip
"""Operations without an account's id. A callback has a state and a code, which `test_crossing` exchanges by itself."""
