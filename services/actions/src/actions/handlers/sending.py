"""Sending one message once: claim, hand over to Chert, keep the answer (`architecture.md`, section 4, actions)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from actions.errors import (
    ClaimInProgressError,
    KeyOutlivedError,
    NeverSentError,
    OutOfTimeError,
    PostponedError,
)
from actions.handlers.announcing import events_of
from actions.handlers.claims import Claims
from actions.handlers.opt_outs import OPTED_OUT
from actions.handlers.planning import draft_send, fingerprint
from actions.handlers.telling import Teller
from actions.handlers.tenants import confirmed_tenant
from actions.models import Answer, Attempt, AttemptStatus, Outcome, Outgoing, Refused, Send, SendRequest
from actions.ports import Messenger, NumberHash, SendStore, TenantAuthority, TenantStore, WishStore
from chassis.clock import Clock
from chassis.randomness import Randomness
from chassis.tracing import current_trace_id
from contracts.failures import Code
from contracts.tenants import TenantSnapshot

ANSWER_SECONDS: Final = 9.0
"""The longest a request takes to be answered, its body read. Shorter than a claim's take-over, so that a holder that
checks its deadline before each outside call never acts beside its successor."""

CALL_SECONDS: Final = 5.0
"""The whole budget of one call to Chert."""

KEY_LIFETIME: Final = timedelta(hours=23)
"""How long Chert surely knows a key: the assumed 24 hours, less one for clocks and calls under way."""

SUPERSEDED: Final = Refused(code=Code.WRONG_STATE, error="superseded: the account is bound to another project now")
"""Work started for one project never goes out for another (`architecture.md`, rule 4)."""


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
    announce: Callable[[], None]
    teller: Teller
    clock: Clock
    randomness: Randomness

    async def __call__(self, request: SendRequest) -> Answer:
        """The final answer to a request, within `ANSWER_SECONDS`.

        Raises:
            UnknownTenantError: the account is not connected.
            DifferentRequestError: the key belongs to another request.
            PostponedError: nothing final is known; its subclass says why.
        """
        try:
            answer = await self._in_time(request)
        except NeverSentError as error:
            self.teller.never_sent(request, error)
            raise
        except PostponedError as error:
            self.teller.postponed(request, error)
            raise
        self.teller.answered(request, answer)
        return answer

    async def _in_time(self, request: SendRequest) -> Answer:
        answer_by = self.clock.monotonic() + ANSWER_SECONDS
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._answer(request, answer_by)
        except TimeoutError as error:
            raise OutOfTimeError from error

    async def _answer(self, request: SendRequest, answer_by: float) -> Answer:
        tenant = await self.tenants.find(request.portal_id)
        if tenant is None or tenant.status != "active":
            earlier = await self._earlier(request)
            if earlier is not None:
                return Answer(earlier, duplicate=True)
            tenant = await confirmed_tenant(request.portal_id, authority=self.authority)
        send = await self._acquire(request, tenant)
        if send.answer is not None:
            return Answer(send.answer, duplicate=True)
        return Answer(await self._complete(send, tenant, answer_by), duplicate=False)

    async def _earlier(self, request: SendRequest) -> Outcome | None:
        """The final answer that this very request got while the account was connected."""
        send = await self.sends.find(request.key)
        return send.answer if send is not None and send.fingerprint == fingerprint(request) else None

    async def _acquire(self, request: SendRequest, tenant: TenantSnapshot) -> Send:
        holder = self.randomness.uuid()
        begun = Attempt("begun", self.clock.now(), 1, current_trace_id())
        draft = draft_send(request, tenant, holder=holder, begun=begun)
        return await self.claims.acquire(draft, holder=holder, alias=request.alias)

    async def _complete(self, send: Send, tenant: TenantSnapshot, answer_by: float) -> Outcome:
        """Bring a held send to its final answer, and keep that."""
        outcome = await self._outcome(send, tenant, answer_by)
        ended = self._ended(send, outcome)
        settled = await self.sends.settle(send, ended, answer=outcome, events=events_of(send, outcome, ended.at))
        if settled.answer is None:
            raise ClaimInProgressError  # our lease was lost, and whoever has it is still at work
        self.announce()
        return settled.answer

    async def _outcome(self, send: Send, tenant: TenantSnapshot, answer_by: float) -> Outcome:
        if isinstance(send.plan, Refused):
            return send.plan
        if send.project_id != tenant.project_id:
            return SUPERSEDED
        if await self.wishes.opted_out_since(send.chert_tenant, self.number_hash(send.plan.phone)) is not None:
            return OPTED_OUT  # asked with the claim in hand: whatever is written later comes after this send
        return await self._hand_over(send, send.plan, answer_by)

    async def _hand_over(self, send: Send, message: Outgoing, answer_by: float) -> Outcome:
        try:
            self._check_may_call(send, answer_by)
            return await self.messenger.send(send.chert_tenant, send.key, message)
        except PostponedError as error:
            status: AttemptStatus = "unknown" if error.may_have_happened else "unsent"
            await self.sends.settle(send, self.claims.attempt(status, send, error.code))
            raise

    def _ended(self, send: Send, outcome: Outcome) -> Attempt:
        if isinstance(outcome, Refused):
            return self.claims.attempt("refused", send, outcome.code)
        return self.claims.attempt("sent", send)

    def _check_may_call(self, send: Send, answer_by: float) -> None:
        """Right before the call: the whole of its budget is left, and Chert still knows the key of any earlier one."""
        if self.clock.monotonic() + CALL_SECONDS > answer_by:
            raise OutOfTimeError
        doubtful = _first_doubtful(send)
        if doubtful is not None and self.clock.now() - doubtful >= KEY_LIFETIME:
            raise KeyOutlivedError


def _first_doubtful(send: Send) -> datetime | None:
    """When the first earlier attempt began that may have reached Chert."""
    clear = {attempt.fence for attempt in send.attempts if attempt.status == "unsent"} | {send.lease.fence}
    return next((attempt.at for attempt in send.attempts if attempt.fence not in clear), None)
