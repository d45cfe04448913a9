"""One account on the real processes: does its operations, and notes what each may have come to."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qs, urlsplit

import httpx2
from _install_model import NOTHING, Begun, Ended, Move, Seen, Variant
from _install_operations import Op, Project
from aiokafka import AIOKafkaProducer

from contracts.envelope import Event
from contracts.internal import TenantCheck
from contracts.tenants import AppUninstalled
from contracts.topics import APP_UNINSTALLED
from harness.admins import Admin, Consent, UnexpectedAnswerError
from harness.admins import Begun as Tab
from harness.control import ControlError, HubSpotControl

OK: Final = 200
CONFLICT: Final = 409
SERVER_ERROR: Final = 500

_LOOKS: Final[tuple[Variant, ...]] = (NOTHING, (Move("asked"),), (Move("refused"),))
_NUMBERS: Final = itertools.count(1)


class GivenUpError(Exception):
    """An operation was not answered in time: what it may have come to, if it does not still."""

    def __init__(self, variants: tuple[Variant, ...]) -> None:
        super().__init__("no answer in time")
        self.variants = variants


@dataclass
class World:
    """What all accounts of a run share.

    Attributes:
        urls: where the service's processes are.
        admin: who installs and disconnects; signs in anew when time jumps.
        jumps: how often it did.
        calm: whether nothing was done lately that excuses a refusal.
    """

    http: httpx2.AsyncClient
    hubspot: HubSpotControl
    producer: AIOKafkaProducer
    urls: list[str]
    credential: str
    app_id: int
    projects: dict[Project, str]
    admin: Admin
    jumps: int = 0
    calm: bool = True


@dataclass
class Install:
    """One install under way or over.

    Attributes:
        jumps: how often time had jumped when it began.
        tab: where it waits for consent, if it could be begun.
        consent: what HubSpot sent back.
        over: whether its callback was answered, so that nothing more can come of it.
    """

    project_id: str
    jumps: int
    tab: Tab | None = None
    consent: Consent | None = None
    over: bool = False


@dataclass
class Account:
    """An account, and what was seen of it.

    Attributes:
        history: what the model is to explain.
        done: the same for people, with what each operation came to.
        refused: refusals that nothing excuses.
        cut_off: how many operations a kill left without an answer.
        hinted: whether any notice was sent.
    """

    portal_id: int
    world: World
    history: list[Begun | Ended] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    operations: int = 0
    cut_off: int = 0
    hinted: bool = False
    _installs: dict[int, Install] = field(default_factory=dict)

    async def do(self, op: Op) -> tuple[Variant, ...]:
        """One operation, from beginning to end; everything that it may have come to."""
        number, place = next(_NUMBERS), len(self.history)
        self.operations += 1
        self.history.append(Begun(number, ()))
        came_to: tuple[Variant, ...]
        try:
            came_to = await getattr(self, f"_{op.name}")(op)
        except GivenUpError as error:
            came_to = error.variants
        else:
            self.history.append(Ended(number))
        self.history[place] = Begun(number, came_to)
        self.done.append(f"{op}: {' or '.join(_words(one) for one in came_to)}")
        return came_to

    @contextmanager
    def expiring(self) -> Iterator[None]:
        """Note that every access token expires, for one process sooner than for the other, until the block ends."""
        begun = Begun(next(_NUMBERS), ((Move("expire"),),))
        self.history.append(begun)
        self.done.append("time jumps")
        yield
        self.history.append(Ended(begun.operation))

    async def seen(self) -> Seen:
        """What the service says of the account."""
        answer = await self.world.http.get(
            f"{self.world.urls[0]}/internal/tenants/{self.portal_id}", headers=self._service
        )
        check = TenantCheck.model_validate_json(answer.content)
        tenant = check.tenant
        return Seen(check.status) if tenant is None else Seen(check.status, tenant.generation, tenant.project_id)

    async def _install(self, op: Op) -> tuple[Variant, ...]:
        await self._open_tab(op)
        return await self._come_back(op)

    async def _open_tab(self, op: Op) -> tuple[Variant, ...]:
        install = self._installs[op.tab] = Install(self.world.projects[op.project], self.world.jumps)
        try:
            install.tab = await self.world.admin.begin(self._url(op), install.project_id)
        except (UnexpectedAnswerError, httpx2.TransportError) as error:
            self._excuse(f"begin: {error}")
        return (NOTHING,)

    async def _come_back(self, op: Op) -> tuple[Variant, ...]:
        install = self._installs[op.tab]
        if install.tab is None:
            return (NOTHING,)
        install.consent = await self.world.admin.approve(install.tab, self.portal_id)
        return await self._call_back(op, install, install.consent)

    async def _reload(self, op: Op) -> tuple[Variant, ...]:
        """A callback that was answered before changes nothing; one that was not may be what installs."""
        install = self._installs[op.tab]
        if install.consent is None:
            return (NOTHING,)
        was_over = install.over
        came_to = await self._call_back(op, install, install.consent, again=True)
        return (NOTHING,) if was_over else came_to

    async def _call_back(
        self, op: Op, install: Install, consent: Consent, *, again: bool = False
    ) -> tuple[Variant, ...]:
        number, jumps = next(_NUMBERS), self.world.jumps
        granted = Move("grant", number)
        try:
            answer = await self.world.admin.finish(self._url(op), consent)
        except httpx2.TransportError as error:
            return self._unanswered(error, (NOTHING, *self._recorded(number, install, jumps, None)))
        install.over = install.over or not again
        if answer.status_code == CONFLICT:
            return ((granted, Move("overtaken", number)),)
        notice = _notice(answer)
        if notice is not None:
            return self._recorded(number, install, jumps, notice == "stays")
        if not again and install.jumps == self.world.jumps:
            self._note_refusal("callback", answer)
        return (NOTHING,)

    def _recorded(self, number: int, install: Install, jumps: int, stays: bool | None) -> tuple[Variant, ...]:
        """An install that was recorded; with a token that had expired by then, if time jumped meanwhile."""
        stale = (False,) if jumps == self.world.jumps else (False, True)
        granted = Move("grant", number)
        return tuple((granted, Move("record", number, install.project_id, stays, one)) for one in stale)

    async def _ask(self, op: Op) -> tuple[Variant, ...]:
        url = f"{self._url(op)}/internal/tenants/{self.portal_id}/access-token"
        try:
            answer = await self.world.http.post(url, headers=self._service)
        except httpx2.TransportError as error:
            return self._unanswered(error, _LOOKS)
        if answer.status_code == OK:
            return ((Move("asked"),),)
        if answer.status_code < SERVER_ERROR:
            return ((Move("refused"),),)
        self._note_refusal("token", answer)
        return (NOTHING,)

    async def _disconnect(self, op: Op) -> tuple[Variant, ...]:
        """The page that asks for the confirmation may look whether the token works, which is as good as asking."""
        for project_id in self.world.projects.values():
            try:
                answer = await self.world.admin.disconnect(self._url(op), project_id, self.portal_id)
            except httpx2.TransportError as error:
                return self._unanswered(error, (*_LOOKS, *((*look, Move("leave")) for look in _LOOKS)))
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
        for _ in range(op.notices):
            await self._notify()
        return ((Move("uninstall"), *[Move("hint")] * op.notices),)

    async def _hint(self, _: Op) -> tuple[Variant, ...]:
        await self._notify()
        return ((Move("hint"),),)

    async def _notify(self) -> None:
        """The notice as `webhooks` tells of it."""
        self.hinted = True
        now = datetime.now(UTC)
        data = AppUninstalled(portal_id=self.portal_id, app_id=self.world.app_id, occurred_at=now)
        event_id = f"app.uninstalled:{self.portal_id}:{next(_NUMBERS)}"
        event = Event(type=APP_UNINSTALLED, id=event_id, source="/webhooks", time=now, data=data)
        await self.world.producer.send_and_wait(
            event.topic, value=event.value(), key=event.key(), headers=event.headers()
        )

    def _unanswered(self, error: httpx2.TransportError, variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
        if isinstance(error, httpx2.TimeoutException):
            raise GivenUpError(variants) from error
        self.cut_off += 1
        self._excuse("no answer")
        return variants

    def _note_refusal(self, what: str, answer: httpx2.Response) -> None:
        self._excuse(f"{what}: {answer.status_code} {answer.text[:200]}")

    def _excuse(self, why: str) -> None:
        if self.world.calm:
            self.refused.append(why)

    def _url(self, op: Op) -> str:
        return self.world.urls[op.replica]

    @property
    def _service(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.world.credential}"}


def _notice(answer: httpx2.Response) -> str | None:
    """What the console says after an install; none if the answer is a refusal."""
    if not answer.has_redirect_location:
        return None
    found = parse_qs(urlsplit(answer.headers["location"]).query).get("notice", [])
    return found[0] if found else None


def _words(variant: Variant) -> str:
    return ", ".join(move.name for move in variant) or "nothing"
