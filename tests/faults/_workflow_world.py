"""Accounts, contacts and enrolments of the fault runs about sending, and both simulators' ledgers as the judge."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import httpx2
from pydantic import BaseModel, JsonValue

from harness.admins import Admin, client
from harness.system import System

USER: Final = "ada@workflows.test"
AT_ONCE: Final = 16
FINAL: Final = frozenset({"success", "fail_continue", "failed", "expired"})
CALL_SECONDS: Final = 60.0


class Completion(BaseModel):
    """One call that wanted to complete a step."""

    output_fields: dict[str, str]
    applied: bool


class Block(BaseModel):
    """The calls that wanted to complete a step."""

    completions: list[Completion]


class Attempt(BaseModel):
    """One call of the action."""

    status: int | None
    body: str
    outcome: str


class Execution(BaseModel):
    """One execution as HubSpot knows it."""

    callback_id: str
    outcome: str
    attempts: list[Attempt]
    block: Block


class Progress(BaseModel):
    """How far the executions of an account are, as HubSpot knows it now."""

    now: float
    outcomes: Mapping[str, int]
    next_attempts: list[float]
    blocked: list[str]

    @property
    def left(self) -> int:
        """How many have not ended."""
        return sum(count for outcome, count in self.outcomes.items() if outcome not in FINAL)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One contact at one step of a workflow."""

    contact_id: str
    phone: str
    text: str
    enrollment_id: int
    step: int
    inputs: Mapping[str, str]


class World:
    """One account with contacts, bound to a project of its own."""

    def __init__(self, system: System, http: httpx2.AsyncClient, portal_id: int, slug: str) -> None:
        self._hubspot, self._chert = f"{system.url('hubspot')}/control", f"{system.url('chert')}/control"
        self._http, self._gate = http, asyncio.Semaphore(AT_ONCE)
        self.portal_id, self.slug = portal_id, slug

    @classmethod
    async def open(cls, system: System, http: httpx2.AsyncClient, number: int, *, lines: int = 2) -> Self:
        """Make project and account, and connect them."""
        world = cls(system, http, 30_000_000 + number, f"project-{number}")
        project = {"slug": world.slug, "project_id": world.slug, "name": world.slug, "user": USER, "lines": lines}
        await world._post(f"{world._chert}/tenants", project)
        await world._post(f"{world._hubspot}/portals", {"portal_id": world.portal_id, "name": world.slug})
        admin = await Admin.sign_in(http, system.url("chert"), USER)
        await admin.connect(system.url("oauth"), world.slug, world.portal_id)
        return world

    async def enrolments(
        self, contacts: int, *, steps: int = 1, first: int = 0, inputs: Sequence[Mapping[str, str]] = ({},)
    ) -> list[Enrolment]:
        """New contacts, each at every step; the inputs are dealt out in turn."""

        async def one(number: int) -> list[Enrolment]:
            phone = f"+1415{2_000_000 + number:07d}"
            path = f"{self._hubspot}/portals/{self.portal_id}/contacts"
            made = await self._post(path, {"properties": {"phone": phone, "firstname": "Grace"}})
            return [
                Enrolment(
                    str(made["id"]),
                    phone,
                    f"Contact {number}, step {step}",
                    500_000_000 + number,
                    step,
                    inputs[(number + step) % len(inputs)],
                )
                for step in range(steps)
            ]

        found = await asyncio.gather(*(one(first + number) for number in range(contacts)))
        return [enrolment for each in found for enrolment in each]

    async def enrol(self, enrolments: Iterable[Enrolment]) -> list[str]:
        """Let HubSpot call the action for each; the callback ids."""

        async def one(enrolment: Enrolment) -> str:
            order = {
                "contact_id": enrolment.contact_id,
                "input_fields": {"message": enrolment.text, **enrolment.inputs},
                "enrollment_id": enrolment.enrollment_id,
                "action_execution_index": enrolment.step,
            }
            return str((await self._post(self._executions, order))["callback_id"])

        return await asyncio.gather(*(one(enrolment) for enrolment in enrolments))

    async def repeat(self, callback_id: str) -> Mapping[str, JsonValue]:
        """The same call again, freshly signed; the answer's outputs, empty when there was none."""
        body = (await self._post(self._executions, {"callback_id": callback_id})).get("body")
        fields = body.get("outputFields") if isinstance(body, dict) else None
        return fields if isinstance(fields, dict) else {}

    async def executions(self) -> list[Execution]:
        """Every execution, as HubSpot knows it now."""
        answer = (await self._http.get(self._executions, timeout=CALL_SECONDS)).raise_for_status()
        return [Execution.model_validate(one) for one in answer.json()["executions"]]

    async def progress(self) -> Progress:
        """How far they are, which costs little however many they are."""
        answer = (await self._http.get(f"{self._executions}/progress", timeout=CALL_SECONDS)).raise_for_status()
        return Progress.model_validate_json(answer.content)

    async def sent(self) -> Counter[tuple[str, str]]:
        """How often each text went to each number, by Chert's ledger."""
        ledger = (await self._http.get(f"{self._chert}/ledger", timeout=CALL_SECONDS)).raise_for_status().json()
        return Counter((one["phone"], one["body"]) for one in ledger["sends"] if one["tenant"] == self.slug)

    async def reply(self, phone: str, text: str) -> None:
        """Whoever has this number answers."""
        await self._post(f"{self._chert}/tenants/{self.slug}/replies", {"phone": phone, "text": text})

    async def limit(self, **limits: JsonValue) -> None:
        """Let Chert's limits on first touches bind."""
        url = f"{self._chert}/tenants/{self.slug}"
        (await self._http.patch(url, json={"limits": {"enforced": True, **limits}})).raise_for_status()

    async def forget_keys_after(self, seconds: float) -> None:
        """How long Chert knows an idempotency key."""
        order = {"lifetime_seconds": seconds}
        (await self._http.put(f"{self._chert}/idempotency", json=order)).raise_for_status()

    @property
    def _executions(self) -> str:
        return f"{self._hubspot}/portals/{self.portal_id}/workflow-executions"

    async def _post(self, url: str, body: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        async with self._gate:
            answer = (await self._http.post(url, json=body, timeout=CALL_SECONDS)).raise_for_status()
        told: dict[str, JsonValue] = answer.json()
        return told


def judge(sent: Counter[tuple[str, str]], wanted: Iterable[Enrolment]) -> tuple[int, int]:
    """How many of the wanted messages never went out, and how many went out too often."""
    keys = [(one.phone, one.text) for one in wanted]
    return sum(sent[key] == 0 for key in keys), sum(max(sent[key] - 1, 0) for key in keys)


def http_client() -> httpx2.AsyncClient:
    """What the worlds call through."""
    return client()
