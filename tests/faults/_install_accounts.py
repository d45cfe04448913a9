"""One account under a schedule: does its operations on the real processes, and notes what each may have come to."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qs, urlsplit

import httpx2
from _install_model import NOTHING, Move, Seen, Step, Variant
from _install_schedules import Op, Schedule
from aiokafka import AIOKafkaProducer

from contracts.envelope import Event
from contracts.internal import TenantCheck
from contracts.tenants import AppUninstalled
from contracts.topics import APP_UNINSTALLED
from harness.admins import Admin, Begun, Consent, UnexpectedAnswerError
from harness.control import ControlError, HubSpotControl

OK: Final = 200
CONFLICT: Final = 409
SERVER_ERROR: Final = 500

_LOOKS: Final[tuple[Variant, ...]] = (NOTHING, (Move("asked"),), (Move("refused"),))
_OPERATIONS: Final = itertools.count(1)


@dataclass
class World:
    """What all accounts of a run share.

    Attributes:
        urls: where the service's processes are, as they are now.
        admin: who installs and disconnects; signs in anew when time jumps.
        calm: whether nothing was done that excuses a refusal.
    """

    http: httpx2.AsyncClient
    hubspot: HubSpotControl
    producer: AIOKafkaProducer
    urls: list[str]
    credential: str
    app_id: int
    projects: dict[str, str]
    admin: Admin
    calm: bool = True

    def url(self, op: Op) -> str:
        """The process that an operation asks."""
        return self.urls[op.replica % len(self.urls)]


@dataclass
class Account:
    """An account, its schedule, and what was seen of it.

    Attributes:
        steps: what the model is to explain.
        refused: refusals that nothing excuses.
        unanswered: how many operations a kill left without an answer.
    """

    portal_id: int
    schedule: Schedule
    world: World
    steps: list[Step] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unanswered: int = 0
    operations: int = 0
    _tab: tuple[Begun, str] | None = None
    _stale: bool = False
    _callback: Consent | None = None

    async def do(self, op: Op) -> tuple[Variant, ...]:
        """One operation, and everything that it may have come to."""
        self.operations += 1
        variants: tuple[Variant, ...] = await getattr(self, f"_{op.name}")(op)
        return variants

    def jumped(self) -> None:
        """Time has moved on past the life of tokens and of installs under way."""
        self.steps.append((((Move("expire"),),),))
        self._stale = True

    async def _install(self, op: Op) -> tuple[Variant, ...]:
        return await self._come_back(op, await self._open_tab(op))

    async def _begin(self, op: Op) -> tuple[Variant, ...]:
        self._tab, self._stale = await self._open_tab(op), False
        return (NOTHING,)

    async def _finish(self, op: Op) -> tuple[Variant, ...]:
        tab, self._tab = self._tab, None
        return await self._come_back(op, tab, stale=self._stale)

    async def _hint(self, _: Op) -> tuple[Variant, ...]:
        await self._notify()
        return ((Move("hint"),),)

    async def _ask(self, op: Op) -> tuple[Variant, ...]:
        return await self.ask(op)

    async def ask(self, op: Op) -> tuple[Variant, ...]:
        """Ask for an access token, as a sister service does."""
        url = f"{self.world.url(op)}/internal/tenants/{self.portal_id}/access-token"
        try:
            answer = await self.world.http.post(url, headers=self._service)
        except httpx2.TransportError:
            return self._unanswered((NOTHING, (Move("asked"),), (Move("refused"),)))
        if answer.status_code == OK:
            return ((Move("asked"),),)
        if answer.status_code < SERVER_ERROR:
            return ((Move("refused"),),)
        self._note_refusal("token", answer)
        return (NOTHING,)

    async def seen(self, url: str) -> Seen:
        """What the service says of the account."""
        answer = await self.world.http.get(f"{url}/internal/tenants/{self.portal_id}", headers=self._service)
        check = TenantCheck.model_validate_json(answer.content)
        tenant = check.tenant
        return Seen(check.status) if tenant is None else Seen(check.status, tenant.generation, tenant.project_id)

    async def _open_tab(self, op: Op) -> tuple[Begun, str] | None:
        project_id = self.world.projects[op.project]
        try:
            return await self.world.admin.begin(self.world.url(op), project_id), project_id
        except (UnexpectedAnswerError, httpx2.TransportError) as error:
            self._excuse(f"begin: {error}")
            return None

    async def _come_back(self, op: Op, tab: tuple[Begun, str] | None, *, stale: bool = False) -> tuple[Variant, ...]:
        if tab is None:
            return (NOTHING,)
        begun, project_id = tab
        consent = await self.world.admin.approve(begun, self.portal_id)
        operation = next(_OPERATIONS)
        granted = Move("grant", operation)
        try:
            answer = await self.world.admin.finish(self.world.url(op), consent)
        except httpx2.TransportError:
            return self._unanswered((NOTHING, (granted, Move("record", operation, project_id))))
        if answer.status_code == CONFLICT:
            return ((granted, Move("overtaken", operation)),)
        notice = _notice(answer)
        if notice is None:
            if not stale:
                self._note_refusal("callback", answer)
            return (NOTHING,)
        self._callback = consent
        return ((granted, Move("record", operation, project_id, notice == "stays")),)

    async def _repeat(self, op: Op) -> tuple[Variant, ...]:
        """A callback that was finished before: whatever is answered, it changes nothing."""
        if self._callback is not None:
            try:
                await self.world.admin.finish(self.world.url(op), self._callback)
            except httpx2.TransportError:
                self._unanswered(())
        return (NOTHING,)

    async def _disconnect(self, op: Op) -> tuple[Variant, ...]:
        """The page that asks for the confirmation may look whether the token works, which is as good as asking."""
        for project_id in self.world.projects.values():
            try:
                answer = await self.world.admin.disconnect(self.world.url(op), project_id, self.portal_id)
            except httpx2.TransportError:
                return self._unanswered((*_LOOKS, *((*look, Move("leave")) for look in _LOOKS)))
            if answer.request.method == "POST" and answer.has_redirect_location:
                return tuple((*look, Move("leave")) for look in _LOOKS)
            if answer.status_code >= SERVER_ERROR:
                self._note_refusal("disconnect", answer)
        return _LOOKS

    async def _uninstall(self, op: Op) -> tuple[Variant, ...]:
        try:
            await self.world.hubspot.uninstall(self.portal_id, push=False)
        except ControlError:  # it is not installed there
            return (NOTHING,)
        if not op.told:
            return ((Move("uninstall"),),)
        await self._notify()
        return ((Move("uninstall"), Move("hint")),)

    async def _notify(self) -> None:
        """The notice as `webhooks` tells of it."""
        now = datetime.now(UTC)
        data = AppUninstalled(portal_id=self.portal_id, app_id=self.world.app_id, occurred_at=now)
        event_id = f"app.uninstalled:{self.portal_id}:{next(_OPERATIONS)}"
        event = Event(type=APP_UNINSTALLED, id=event_id, source="/webhooks", time=now, data=data)
        await self.world.producer.send_and_wait(
            event.topic, value=event.value(), key=event.key(), headers=event.headers()
        )

    def _unanswered(self, variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
        self.unanswered += 1
        self._excuse("no answer")
        return variants

    def _note_refusal(self, what: str, answer: httpx2.Response) -> None:
        self._excuse(f"{what}: {answer.status_code} {answer.text[:200]}")

    def _excuse(self, why: str) -> None:
        if self.world.calm:
            self.refused.append(why)

    @property
    def _service(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.world.credential}"}


def _notice(answer: httpx2.Response) -> str | None:
    """What the console says after an install; none if the answer is a refusal."""
    if not answer.has_redirect_location:
        return None
    found = parse_qs(urlsplit(answer.headers["location"]).query).get("notice", [])
    return found[0] if found else None


def history(account: Account) -> Sequence[str]:
    """An account's steps for people."""
    return [
        " | ".join(" or ".join(",".join(move.name for move in variant) or "nothing" for variant in op) for op in step)
        for step in account.steps
    ]
