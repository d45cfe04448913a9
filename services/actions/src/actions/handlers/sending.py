"""Sending one message once: claim, hand over to Chert, keep the answer (`architecture.md`, section 4, actions)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from actions.errors import (
    ClaimInProgressError,
    KeyOutlivedError,
    NeverSentError,
    NotNowError,
    NotServedError,
    OutOfTimeError,
    PostponedError,
    StepParkedError,
    TenantPausedError,
    UnknownTenantError,
)
from actions.handlers.announcing import events_of
from actions.handlers.claims import Claims, needs_nobody
from actions.handlers.final_refusals import LEAD_NOT_TOLD, NO_LEAD, NOT_IN_TIME, SUPERSEDED
from actions.handlers.opt_outs import OPTED_OUT
from actions.handlers.parking import Parking
from actions.handlers.planning import draft_send, fingerprint
from actions.handlers.reconciling import Reconciling, is_doubtful
from actions.handlers.telling import Teller
from actions.handlers.tenants import confirmed_tenant
from actions.handlers.turns import Turn
from actions.handlers.waiting import is_refused_now, refusal
from actions.models import (
    ERASED,
    Answer,
    Attempt,
    AttemptStatus,
    Erased,
    FaultPoint,
    Outcome,
    Outgoing,
    Refused,
    Send,
    SendRequest,
)
from actions.ports import (
    FaultPoints,
    Messenger,
    NumberHash,
    SendStore,
    TenantAuthority,
    TenantStore,
    WishStore,
)
from chassis.clock import Clock
from chassis.randomness import Randomness
from chassis.tracing import current_trace_id
from contracts.failures import Code
from contracts.tenants import TenantSnapshot

T = TypeVar("T")

ANSWER_SECONDS: Final = 9.0
"""The longest a request takes to be answered, its body read. Shorter than a claim's take-over, so that a holder that
checks its deadline before each outside call never acts beside its successor."""

CALL_SECONDS: Final = 5.0
"""The whole budget of one call to Chert."""


@dataclass(frozen=True, kw_only=True)
class SendOnce:
    """Answers requests, each with one send at most, however often it comes.

    Attributes:
        tenants: the projection.
        authority: asked before anyone is told "unknown".
        sends: the sends.
        claims: makes this call the holder of a send.
        wishes: who wants no messages.
        number_hash: how they are remembered.
        messenger: Chert.
        reconciling: looks before another try, where the key may be forgotten.
        parking: lets a workflow's step wait.
        faults: where a test makes the process die.
        announce: wakes whoever publishes events.
        teller: tells what became of each request.
        clock: for deadlines and history.
        randomness: for holders' names.
    """

    tenants: TenantStore
    authority: TenantAuthority
    sends: SendStore
    claims: Claims
    wishes: WishStore
    number_hash: NumberHash
    messenger: Messenger
    reconciling: Reconciling
    parking: Parking
    faults: FaultPoints
    announce: Callable[[], None]
    teller: Teller
    clock: Clock
    randomness: Randomness

    async def __call__(self, request: SendRequest) -> Answer:
        """The final answer to a request, within `ANSWER_SECONDS`.

        Raises:
            UnknownTenantError: the account is not connected.
            TenantPausedError: an operator paused it.
            DifferentRequestError: the key belongs to another request.
            StepParkedError: Chert cannot send it now, and its step waits.
            PostponedError: nothing final is known; its subclass says why.
        """
        try:
            answer = await self._in_time(lambda answer_by: self._answer(request, answer_by))
        except NeverSentError as error:
            self.teller.never_sent(request, error)
            raise
        except PostponedError as error:
            self.teller.postponed(request, error)
            raise
        self.teller.answered(request, answer)
        return answer

    async def resume(self, key: str) -> Outcome:
        """Try a parked send again; its final answer.

        Raises:
            UnknownTenantError: the account is not connected.
            StepParkedError: Chert still cannot send it.
            PostponedError: nothing final is known; its subclass says why.
        """
        return await self._in_time(lambda answer_by: self._resume(key, answer_by))

    async def give_up(self, key: str) -> Outcome:
        """End a parked send that could not go out in time; its final answer.

        Raises:
            KeyOutlivedError: it may have gone out.
            PostponedError: nothing final is known.
        """
        send = await self.claims.resume(key, holder=self.randomness.uuid())
        if send.answer is not None:
            return send.answer
        if is_doubtful(send):
            await self.sends.settle(send, self.claims.attempt("unsent", send), parked_until=send.parked_until)
            raise KeyOutlivedError
        ended, events = self._ended(send, NOT_IN_TIME), events_of(send, NOT_IN_TIME, self.clock.now())
        await self.sends.settle(send, ended, answer=NOT_IN_TIME, events=events)
        self.announce()
        return NOT_IN_TIME

    async def _in_time(self, work: Callable[[float], Awaitable[T]]) -> T:
        answer_by = self.clock.monotonic() + ANSWER_SECONDS
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await work(answer_by)
        except TimeoutError as error:
            raise OutOfTimeError from error

    async def _resume(self, key: str, answer_by: float) -> Outcome:
        send = await self.claims.resume(key, holder=self.randomness.uuid())
        if send.answer is not None:
            return send.answer
        tenant = await self.tenants.find(send.portal_id)
        if tenant is None or tenant.status != "active" or tenant.paused:
            await self.sends.settle(send, self.claims.attempt("unsent", send), parked_until=send.parked_until)
            raise TenantPausedError if tenant is not None and tenant.status == "active" else UnknownTenantError
        return await self._complete(send, Turn(tenant=tenant, answer_by=answer_by))

    async def _answer(self, request: SendRequest, answer_by: float) -> Answer:
        tenant = await self.tenants.find(request.portal_id)
        if tenant is None or tenant.status != "active" or tenant.paused:
            earlier = await self._earlier(request)
            if earlier is not None:
                return Answer(earlier, duplicate=True)
            if tenant is None or tenant.status != "active":
                tenant = await confirmed_tenant(request.portal_id, authority=self.authority)
            if tenant.paused:
                raise TenantPausedError
        send = await self._acquire(request, tenant)
        if send.answer is not None:
            return Answer(send.answer, duplicate=True)
        if send.parked_until is not None:
            raise StepParkedError(send.parked_until, code=Code.LINES_SATURATED)
        await self.faults.reach(FaultPoint.AFTER_CLAIM)
        return Answer(await self._complete(send, Turn(tenant=tenant, answer_by=answer_by)), duplicate=False)

    async def _earlier(self, request: SendRequest) -> Outcome | None:
        """The final answer that this very request got while the account was connected."""
        send = await self.sends.find(request.key)
        return send.answer if send is not None and send.came_from(fingerprint(request)) else None

    async def _acquire(self, request: SendRequest, tenant: TenantSnapshot) -> Send:
        """The send of a request, under its second name, too."""
        holder = self.randomness.uuid()
        begun = Attempt("begun", self.clock.now(), 1, current_trace_id())
        draft = draft_send(request, tenant, holder=holder, begun=begun, number_hash=self.number_hash)
        claimed, is_named = await self.claims.acquire(draft, holder=holder, alias=request.alias)
        if is_named or request.alias is None or needs_nobody(claimed):
            return claimed
        return await self.claims.name(claimed, draft, holder=holder, alias=request.alias)

    async def _is_opted_out(self, send: Send, message: Outgoing) -> bool:
        """Asked with the claim in hand: whatever is written later comes after this send."""
        return await self.wishes.opted_out_since(send.chert_tenant, self.number_hash(message.phone)) is not None

    async def _complete(self, send: Send, turn: Turn) -> Outcome:
        """Bring a held send to its final answer, and keep that; or park it."""
        outcome = await self._decided(send, turn)
        await self.faults.reach(FaultPoint.AFTER_CALL)
        await self.parking.await_reply(send, outcome)
        ended = self._ended(send, outcome)
        settled = await self.sends.settle(send, ended, answer=outcome, events=events_of(send, outcome, ended.at))
        if settled.answer is None:
            raise ClaimInProgressError  # our lease was lost, and whoever has it is still at work
        self.announce()
        await self.faults.reach(FaultPoint.AFTER_SETTLE)
        return settled.answer

    async def _decided(self, send: Send, turn: Turn) -> Outcome:
        try:
            outcome = await self._outcome(send, turn)
        except NotNowError as error:
            return await self._not_now(send, error)
        if isinstance(outcome, Refused) and outcome.code == Code.ACCOUNT_LIMIT:
            await self.parking.park(send, outcome.code, outcome.retry_after_seconds)
        return outcome

    async def _outcome(self, send: Send, turn: Turn) -> Outcome:
        if isinstance(send.plan, Refused):
            return send.plan
        if isinstance(send.plan, Erased):
            return ERASED
        if send.project_id != turn.tenant.project_id:
            return SUPERSEDED
        if await self._is_opted_out(send, send.plan):
            return OPTED_OUT
        if send.source == "workflow" and not turn.tenant.settings.auto_create_leads:
            unknown = await self._unknown_lead(send, send.plan)
            if unknown is not None:
                return unknown
        return await self._hand_over(send, send.plan, turn.answer_by)

    async def _unknown_lead(self, send: Send, message: Outgoing) -> Refused | None:
        """The refusal of a contact who has no lead, where a workflow may not make one."""
        try:
            chat_id = await self.reconciling.conversations.chat_with(send.chert_tenant, message.phone)
        except NotServedError:
            return LEAD_NOT_TOLD
        except PostponedError as error:
            await self._let_go(send, "unsent", error)
            raise
        return NO_LEAD if chat_id is None else None

    async def _hand_over(self, send: Send, message: Outgoing, answer_by: float) -> Outcome:
        try:
            found = await self.reconciling.found(send, message)
            if found is not None:
                return found
            if self.clock.monotonic() + CALL_SECONDS > answer_by:
                raise OutOfTimeError  # right before the call: the whole of its budget has to be left
            await self.faults.reach(FaultPoint.BEFORE_CALL)
            return await self.messenger.send(send.chert_tenant, send.key, message)
        except NotNowError:
            raise
        except PostponedError as error:
            status: AttemptStatus = "unknown" if error.may_have_happened else "unsent"
            await self._let_go(send, status, error)
            raise

    async def _not_now(self, send: Send, error: NotNowError) -> Outcome:
        """Chert cannot send it now: the step waits, or is refused with Chert's words, or its caller comes again."""
        await self.parking.park(send, error.code, error.retry_after_seconds)
        if is_refused_now(send, error.code) and not is_doubtful(send):
            return refusal(error.code, error.told, error.retry_after_seconds)
        await self._let_go(send, "unsent", error)
        raise error

    async def _let_go(self, send: Send, status: AttemptStatus, error: PostponedError) -> None:
        ended = self.claims.attempt(status, send, error.code)
        await self.sends.settle(send, ended, parked_until=send.parked_until)

    def _ended(self, send: Send, outcome: Outcome) -> Attempt:
        if isinstance(outcome, Refused):
            return self.claims.attempt("refused", send, outcome.code)
        return self.claims.attempt("sent", send)
