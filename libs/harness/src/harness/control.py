"""The simulators' control APIs, as far as the walk, tests and benchmarks use them."""

from collections.abc import Mapping, Sequence

import httpx2
from pydantic import BaseModel, JsonValue

_CALL_SECONDS = 30.0
_MAX_LISTED = 10_000
_PAGE = 5_000


class ControlError(Exception):
    """A simulator refused a control call, or its answer has another form."""


class Execution(BaseModel):
    """What HubSpot made of one call of the workflow action."""

    callback_id: str
    status: int
    body: dict[str, JsonValue]
    outcome: str
    attempts: int

    @property
    def output_fields(self) -> dict[str, JsonValue]:
        """The action's outputs; empty when it gave none."""
        fields = self.body.get("outputFields")
        return fields if isinstance(fields, dict) else {}


class Communication(BaseModel):
    """One message on a contact's timeline."""

    id: str
    portal_id: int
    contact_ids: list[str]
    properties: dict[str, str | None]
    created_at: float
    write_trace_id: str | None = None

    @property
    def body(self) -> str:
        """Its text, as HTML."""
        return self.properties.get("hs_communication_body") or ""


class _Logged(BaseModel):
    communications: list[Communication]


class Reply(BaseModel):
    """A lead's message: what was written, and how Chert numbered it."""

    text: str
    event_id: str
    message_id: str
    chat_id: str


class Sent(BaseModel):
    """One message that Chert sent."""

    message_id: str
    tenant: str
    phone: str
    body: str
    phone_line_id: str | None = None


class Received(BaseModel):
    """One request that a simulator received; secret values in it are masked.

    `at` is by the simulator's clock, `received_at` by the machine's.
    """

    seq: int
    at: float
    received_at: float
    method: str
    path: str
    query: str
    body: str
    status: int | None


class _Simulator:
    """One control API."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx2.AsyncClient(base_url=f"{url}/control", timeout=_CALL_SECONDS, trust_env=False)

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def requests(self, path_prefix: str = "/", *, since: int = 0) -> list[Received]:
        """What was received under a path after a request, oldest first."""
        answer = await self._call("GET", f"/requests?path_prefix={path_prefix}&since={since}&limit={_MAX_LISTED}")
        return [Received.model_validate(entry) for entry in answer.json()["requests"]]

    async def last_request(self) -> int:
        """The number of the latest request."""
        return int((await self._call("GET", "/requests?limit=1")).json()["last_seq"])

    async def fault(self, **order: JsonValue) -> None:
        """Let the next matching requests fail, as the control API's `/faults` says."""
        await self._call("POST", "/faults", order)

    async def slow_down(self, path_prefix: str, milliseconds: int) -> None:
        """Make every answer under a path slower by so much; 0 ends it."""
        await self._call("POST", "/latency", {"path_prefix": path_prefix, "milliseconds": milliseconds})

    async def call_off_faults(self) -> None:
        """No fault that has not happened yet will happen."""
        await self._call("DELETE", "/faults")

    async def held(self) -> int:
        """How many requests a fault of kind `hold` keeps waiting now."""
        return int((await self._call("GET", "/holds")).json()["held"])

    async def let_go(self) -> None:
        """Let every held request go on, and call off the holds that hit none yet."""
        await self._call("DELETE", "/holds")

    async def _call(self, method: str, path: str, body: Mapping[str, JsonValue] | None = None) -> httpx2.Response:
        answer = await self._client.request(method, path, json=body)
        if not answer.is_success:
            raise ControlError(f"{method} {answer.request.url} answered {answer.status_code}: {answer.text[:500]}")
        return answer


class HubSpotControl(_Simulator):
    """What a HubSpot admin, a workflow and a contact's record do."""

    async def run_workflow(self, portal_id: int, contact_id: str, message: str) -> Execution:
        """Enrol a contact in a workflow that sends this message; the first call's outcome."""
        order: dict[str, JsonValue] = {"contact_id": contact_id, "input_fields": {"message": message}}
        answer = await self._call("POST", f"/portals/{portal_id}/workflow-executions", order)
        return Execution.model_validate_json(answer.content)

    async def executed(self, callback_id: str) -> str:
        """What an execution came to, as far as HubSpot knows by now."""
        return str((await self._call("GET", f"/workflow-executions/{callback_id}")).json()["outcome"])

    async def repeat_workflow(self, portal_id: int, callback_id: str) -> Execution:
        """The same workflow call once more, freshly signed."""
        answer = await self._call("POST", f"/portals/{portal_id}/workflow-executions", {"callback_id": callback_id})
        return Execution.model_validate_json(answer.content)

    async def timeline(self, portal_id: int, contact_id: str) -> list[Communication]:
        """What stands on a contact's timeline."""
        answer = await self._call("GET", f"/portals/{portal_id}/contacts/{contact_id}/timeline")
        return [Communication.model_validate(entry) for entry in answer.json()["communications"]]

    async def open_account(self, portal_id: int, name: str) -> None:
        """Open an account that nobody has connected."""
        await self._call("POST", "/portals", {"portal_id": portal_id, "name": name})

    async def add_contacts(self, portal_id: int, contacts: Sequence[Mapping[str, JsonValue]]) -> list[str]:
        """Add contacts by their properties, of which nobody is told; their ids."""
        answer = await self._call(
            "POST", f"/portals/{portal_id}/contacts/batch", {"contacts": [dict(one) for one in contacts]}
        )
        return [str(contact_id) for contact_id in answer.json()["ids"]]

    async def add_history(self, portal_id: int, contact_id: str, count: int) -> None:
        """Put messages on a contact's timeline that somebody else logged."""
        await self._call("POST", f"/portals/{portal_id}/contacts/{contact_id}/history", {"count": count})

    async def outage(self, portal_id: int, status: int, seconds: float, retry_after_seconds: int | None = None) -> None:
        """Answer every call for one account with a status for a while, by the simulator's clock."""
        order: dict[str, JsonValue] = {"status": status, "seconds": seconds, "retry_after_seconds": retry_after_seconds}
        await self._call("POST", f"/portals/{portal_id}/outage", order)

    async def logged(self, *, after: int = 0) -> list[Communication]:
        """The messages on all timelines, in the order in which they were logged; those after an id, if it is given."""
        found: list[Communication] = []
        while True:
            answer = await self._call("GET", f"/communications?after={after}&limit={_PAGE}")
            page = _Logged.model_validate_json(answer.content).communications
            found += page
            if len(page) < _PAGE:
                return found
            after = int(page[-1].id)

    async def uninstall(self, portal_id: int, *, push: bool | None = None) -> None:
        """Uninstall the app, as an admin does in HubSpot; `push` says whether the app is told, if not the switch."""
        await self._call("POST", f"/portals/{portal_id}/uninstall", {} if push is None else {"push": push})

    async def tell(self, portal_id: int, events: list[JsonValue]) -> str:
        """Deliver these events, at most a hundred, as they are; the delivery's id."""
        answer = await self._call("POST", "/webhooks", {"portal_id": portal_id, "events": events})
        (delivery,) = answer.json()["deliveries"]
        return str(delivery["delivery_id"])

    async def redeliver(self, delivery_id: str) -> None:
        """Deliver the same events again, freshly signed."""
        await self._call("POST", f"/deliveries/{delivery_id}/redeliver")

    async def attempts(self, portal_id: int, delivery_id: str) -> list[int | None]:
        """The status that each attempt of a delivery was answered with; None where no answer came."""
        listed = (await self._call("GET", f"/deliveries?portal_id={portal_id}")).json()["deliveries"]
        (found,) = [entry for entry in listed if entry["delivery_id"] == delivery_id]
        return [attempt["status"] for attempt in found["attempts"]]

    async def switch(self, **changed: JsonValue) -> None:
        """Change how this HubSpot behaves."""
        await self._call("PATCH", "/switches", changed)


class ChertControl(_Simulator):
    """What a lead does, and what Chert did."""

    async def reply(self, tenant: str, phone: str, text: str) -> Reply:
        """The person with this phone answers; the signed event is delivered in the background."""
        answer = await self._call("POST", f"/tenants/{tenant}/replies", {"phone": phone, "text": text})
        return Reply.model_validate({**answer.json(), "text": text})

    async def redeliver(self, event_id: str) -> None:
        """Deliver the same event again, freshly signed."""
        await self._call("POST", f"/events/{event_id}/redeliver")

    async def deliveries(self, event_id: str) -> list[int | None]:
        """The status that each attempt to deliver this event was answered with; None where no answer came."""
        event = (await self._call("GET", f"/events/{event_id}")).json()
        return [attempt["status"] for attempt in event["delivery"]["attempts"]]

    async def lines(self, tenant: str) -> list[str]:
        """The ids of a tenant's phone lines."""
        ledger = (await self._call("GET", "/ledger")).json()
        (found,) = [entry for entry in ledger["tenants"] if entry["slug"] == tenant]
        return [line["id"] for line in found["phone_numbers"]]

    async def sent(self, tenant: str) -> list[Sent]:
        """Every message that Chert sent for a tenant."""
        ledger = (await self._call("GET", "/ledger")).json()
        return [Sent.model_validate(entry) for entry in ledger["sends"] if entry["tenant"] == tenant]
