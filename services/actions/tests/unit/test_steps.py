"""Steps that HubSpot holds: parked until Chert can send, then perhaps waiting for a reply, completed once each."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from actions.adapters.in_memory import (
    Deaths,
    Faults,
    InMemoryCallbacks,
    InMemoryChertConversations,
    InMemoryMessenger,
    InMemorySendStore,
    InMemoryStepStore,
    InMemoryTenantStore,
)
from actions.errors import NotDeliveredError, NotNowError, PostponedError
from actions.handlers.bulkheads import Bulkhead
from actions.handlers.replies import Replies
from actions.handlers.sending import SendOnce
from actions.handlers.steps import Steps
from actions.handlers.workflow import SendForWorkflow
from actions.models import Accepted, Answer, Blocked, FaultPoint, Refused, Reply, SendRequest, StepPlan, WhenNotNow
from chassis.clock import ManualClock
from chassis.metrics import Metrics
from contracts.failures import Code
from contracts.messages import MessagePart, MessageReceived
from contracts.tenants import TenantSnapshot

DAY = 86_400.0
CLAIMED_SECONDS = 61.0
LOST = NotDeliveredError("lost", may_have_happened=True, code=Code.UNAVAILABLE)


class KilledError(BaseException):
    """Stands for the end of the process, which nothing can catch."""


def full(seconds: float = 600.0) -> NotNowError:
    """What Chert answers while every line is used up."""
    return NotNowError("All phone lines are saturated", retry_after_seconds=seconds, code=Code.LINES_SATURATED)


class Process:
    """One process over stores that outlive it."""

    def __init__(self, send_once: SendOnce, steps: Steps, for_workflow: SendForWorkflow, replies: Replies) -> None:
        self.send_once, self.steps, self.for_workflow, self.replies = send_once, steps, for_workflow, replies

    async def round(self) -> None:
        """Work on whatever is due."""
        await self.steps.round()
        await self.steps.settle()


@pytest.fixture
def start(
    new_process: Callable[[], SendOnce],
    steps: InMemoryStepStore,
    sends: InMemorySendStore,
    chert_conversations: InMemoryChertConversations,
    callbacks: InMemoryCallbacks,
    faults: Faults,
    clock: ManualClock,
    metrics: Metrics,
) -> Callable[[], Process]:
    """Starts a process."""

    def process() -> Process:
        send_once = new_process()
        bulkhead = Bulkhead(each=10, total=10, waiting=10)
        return Process(
            send_once,
            Steps(
                store=steps,
                send_once=send_once,
                conversations=chert_conversations,
                callbacks=callbacks,
                faults=Deaths(faults),
                clock=clock,
                metrics=metrics,
            ),
            SendForWorkflow(send_once=send_once, steps=steps, sends=sends, bulkhead=bulkhead),
            Replies(store=steps, clock=clock),
        )

    return process


@pytest.fixture
def process(start: Callable[[], Process]) -> Process:
    """A process."""
    return start()


@pytest.fixture
def waiting(asked: SendRequest) -> SendRequest:
    """A workflow that waits two days to be sent, and then a day for a reply."""
    return replace(asked, step=StepPlan(callback_id="ap-1", if_not_now="wait", wait_days=2, reply_days=1))


@pytest.fixture
def parking(asked: SendRequest) -> SendRequest:
    """A workflow that says nothing about waiting."""
    return replace(asked, step=StepPlan(callback_id="ap-1"))


def received(clock: ManualClock, text: str, chat_id: str = "lead-0") -> MessageReceived:
    """A message that came in just now."""
    return MessageReceived(
        chert_tenant="acme",
        chat_id=chat_id,
        message_id=f"in-{text}",
        event_id=f"chert:msg:{text}",
        sender="+14155551234",
        parts=(MessagePart(type="text", value=text),),
        received_at=clock.now(),
    )


async def test_what_cannot_be_sent_now_blocks_its_step_and_goes_out_later(
    process: Process,
    faults: Faults,
    parking: SendRequest,
    messenger: InMemoryMessenger,
    callbacks: InMemoryCallbacks,
    clock: ManualClock,
) -> None:
    """HubSpot holds the step, Chert is asked again when it said so and not before, and the step ends with outputs."""
    faults.plan("before send", full())

    assert Blocked("PT73H") == await process.for_workflow(parking)
    await process.round()
    assert 1 == messenger.calls
    clock.advance(600)
    await process.round()

    assert ("true", "message-0", "SUCCESS") == tuple(
        callbacks.completed["ap-1"][name] for name in ("ok", "message_id", "hs_execution_state")
    )
    assert (2, 1) == (messenger.calls, len(messenger.ledger))


async def test_a_repeat_of_a_waiting_call_waits_too(
    process: Process, faults: Faults, parking: SendRequest, messenger: InMemoryMessenger, clock: ManualClock
) -> None:
    """The same block in the same words, and Chert is not asked; after the end, the final answer."""
    faults.plan("before send", full())
    first = await process.for_workflow(parking)

    assert first == await process.for_workflow(parking)
    assert 1 == messenger.calls

    clock.advance(600)
    await process.round()
    again = await process.for_workflow(parking)

    assert isinstance(again, Answer)
    assert again.duplicate
    assert isinstance(again.outcome, Accepted)


@pytest.mark.parametrize(
    ("if_not_now", "code", "outcome"),
    [
        ("refuse", Code.LINES_SATURATED, "refused"),
        ("default", Code.LINES_SATURATED, "blocked"),
        ("wait", Code.LINES_SATURATED, "blocked"),
        ("default", Code.RATE_LIMITED, "blocked"),
        ("refuse", Code.RATE_LIMITED, "postponed"),
        ("default", Code.ACCOUNT_LIMIT, "refused"),
        ("refuse", Code.ACCOUNT_LIMIT, "refused"),
        ("wait", Code.ACCOUNT_LIMIT, "blocked"),
    ],
)
async def test_what_waits_is_the_authors_choice(
    process: Process,
    faults: Faults,
    messenger: InMemoryMessenger,
    asked: SendRequest,
    if_not_now: WhenNotNow,
    code: Code,
    outcome: str,
) -> None:
    """A used-up daily cap refuses unless told to wait; what passes by itself waits unless told to refuse."""
    request = replace(asked, step=StepPlan(callback_id="ap-1", if_not_now=if_not_now))
    if code == Code.ACCOUNT_LIMIT:
        messenger.refusal = Refused(code=code, error="daily cap reached")
    else:
        faults.plan("before send", NotNowError("not now", retry_after_seconds=60.0, code=code))

    try:
        answer = await process.for_workflow(request)
    except PostponedError:
        came = "postponed"
    else:
        came = "blocked" if isinstance(answer, Blocked) else answer.outcome.kind

    assert outcome == came


async def test_chert_words_are_passed_on_when_a_step_is_refused(
    process: Process, faults: Faults, asked: SendRequest
) -> None:
    """Code, words and moment are Chert's own, never guessed, and a repeat gets the same."""
    faults.plan("before send", full(90.0))
    request = replace(asked, step=StepPlan(callback_id="ap-1", if_not_now="refuse"))

    refused = Refused(code=4002, error="All phone lines are saturated", retryable=True, retry_after_seconds=90.0)

    assert Answer(refused, duplicate=False) == await process.for_workflow(request)
    assert Answer(refused, duplicate=True) == await process.for_workflow(request)


async def test_a_wait_ends_with_its_reason_when_it_would_be_too_long(
    process: Process, faults: Faults, parking: SendRequest, callbacks: InMemoryCallbacks, clock: ManualClock
) -> None:
    """Chert names a moment after the step's last day: the step ends with Chert's words."""
    faults.plan("before send", full())
    await process.for_workflow(parking)
    clock.advance(600)
    faults.plan("before send", full(3 * DAY))

    await process.round()

    assert ("false", "4002", "All phone lines are saturated", "FAIL_CONTINUE") == tuple(
        callbacks.completed["ap-1"][name] for name in ("ok", "code", "error", "hs_execution_state")
    )


async def test_a_wait_that_never_could_be_sent_ends_before_hubspot_ends_it(
    process: Process,
    faults: Faults,
    parking: SendRequest,
    callbacks: InMemoryCallbacks,
    messenger: InMemoryMessenger,
    clock: ManualClock,
) -> None:
    """After its days, a step whose sends were certainly none is refused, and nothing goes out later."""
    faults.plan("before send", full())
    await process.for_workflow(parking)
    clock.advance(3 * DAY)
    faults.plan("before send", NotDeliveredError("away", may_have_happened=False, code=Code.UNAVAILABLE))

    await process.round()

    assert "the message could not be sent in time" == callbacks.completed["ap-1"]["error"]
    assert [] == messenger.ledger


async def test_those_of_one_line_wait_together(
    process: Process, faults: Faults, parking: SendRequest, messenger: InMemoryMessenger, clock: ManualClock
) -> None:
    """When the first of many is told to wait, the others wait as long without a call of their own."""
    for number in range(20):
        faults.plan("before send", full())
        step = replace(parking.step or StepPlan(callback_id=""), callback_id=f"ap-{number}")
        await process.for_workflow(replace(parking, key=f"wf:62515:ap-{number}", alias=None, step=step))
    clock.advance(600)
    faults.plan("before send", full())

    await process.round()

    assert 21 == messenger.calls
    clock.advance(600)
    await process.round()
    assert 20 == len(messenger.ledger)


async def test_a_reply_completes_the_step(
    process: Process, waiting: SendRequest, callbacks: InMemoryCallbacks, clock: ManualClock
) -> None:
    """The first reply in that chat ends the wait, with its text and moment; a second one changes nothing."""
    assert Blocked("PT73H") == await process.for_workflow(waiting)
    clock.advance(30)
    await process.replies.note([received(clock, "elsewhere", "lead-7"), received(clock, "yes"), received(clock, "no")])
    await process.replies.note([received(clock, "late")])

    await process.round()

    told = callbacks.completed["ap-1"]
    assert ("true", "yes", "2026-11-22T12:00:30.000Z") == (told["replied"], told["reply_text"], told["replied_at"])
    again = await process.for_workflow(waiting)
    assert isinstance(again, Answer)
    assert Reply(replied=True, text="yes", at=again.reply.at if again.reply else None) == again.reply


async def test_no_reply_ends_the_wait_before_hubspot_does(
    process: Process, waiting: SendRequest, callbacks: InMemoryCallbacks, clock: ManualClock
) -> None:
    """After its days the step goes on with `replied: false`."""
    await process.for_workflow(waiting)
    clock.advance(10)
    await process.round()
    assert {} == callbacks.completed

    clock.advance(DAY)
    await process.round()
    await process.round()

    assert ("false", "", "SUCCESS") == tuple(
        callbacks.completed["ap-1"][name] for name in ("replied", "replied_at", "hs_execution_state")
    )


async def test_a_reply_that_nobody_saw_is_found_in_the_conversation(
    process: Process,
    waiting: SendRequest,
    callbacks: InMemoryCallbacks,
    chert_conversations: InMemoryChertConversations,
    clock: ManualClock,
) -> None:
    """A reply that came before anybody watched, or whose webhook is lost, counts all the same."""
    await process.for_workflow(waiting)
    clock.advance(10)
    chert_conversations.replies["lead-0"] = [Reply(replied=True, text="quick", at=clock.now())]

    await process.round()
    await process.round()

    assert "quick" == callbacks.completed["ap-1"]["reply_text"]


async def test_hubspot_is_told_until_it_hears(
    process: Process, faults: Faults, parking: SendRequest, callbacks: InMemoryCallbacks, clock: ManualClock
) -> None:
    """A completion that HubSpot cannot take is tried again, with growing pauses."""
    faults.plan("before send", full())
    await process.for_workflow(parking)
    clock.advance(600)
    callbacks.away = True
    await process.round()
    await process.round()
    assert 1 == callbacks.calls

    callbacks.away = False
    clock.advance(CLAIMED_SECONDS)
    await process.round()

    assert ["ap-1"] == list(callbacks.completed)


async def lived(process: Process, request: SendRequest, clock: ManualClock) -> None:
    """One life of a process, in which whoever waits for a claim waits in simulated time."""

    async def live() -> None:
        await process.for_workflow(request)
        await process.replies.note([received(clock, "yes")])
        await process.round()

    living = asyncio.create_task(live())
    while not living.done():
        await asyncio.sleep(0)
        if clock.sleeping:
            clock.advance(1)
    await living


@pytest.mark.parametrize("point", list(FaultPoint))
@pytest.mark.parametrize("saturated", [False, True])
async def test_a_kill_anywhere_loses_and_doubles_nothing(
    start: Callable[[], Process],
    faults: Faults,
    waiting: SendRequest,
    messenger: InMemoryMessenger,
    callbacks: InMemoryCallbacks,
    clock: ManualClock,
    point: FaultPoint,
    saturated: bool,
) -> None:
    """Whichever point a process dies at, its successors send once and complete the step once."""
    if saturated:
        faults.plan("before send", full())
    faults.plan(f"died {point}", KilledError())  # type: ignore[arg-type]  # no Exception, so that nothing catches it
    process = start()
    for _ in range(12):
        try:
            await lived(process, waiting, clock)
        except KilledError:
            process = start()
        except PostponedError:
            pass
        clock.advance(300)

    assert 1 == len(messenger.ledger)
    assert ("true", "yes") == (callbacks.completed["ap-1"]["ok"], callbacks.completed["ap-1"]["reply_text"])


async def test_another_project_gets_nothing_that_waits(
    process: Process,
    faults: Faults,
    parking: SendRequest,
    tenants: InMemoryTenantStore,
    tenant: TenantSnapshot,
    messenger: InMemoryMessenger,
    callbacks: InMemoryCallbacks,
    clock: ManualClock,
) -> None:
    """A step parked for one project ends as superseded once its account is bound to another."""
    faults.plan("before send", full())
    await process.for_workflow(parking)
    await tenants.apply(tenant.model_copy(update={"project_id": "project-2", "revision": tenant.revision + 1}))
    clock.advance(600)

    await process.round()

    assert callbacks.completed["ap-1"]["error"].startswith("superseded")
    assert [] == messenger.ledger


async def test_a_disconnected_account_waits_until_it_is_back(
    process: Process,
    faults: Faults,
    parking: SendRequest,
    tenants: InMemoryTenantStore,
    tenant: TenantSnapshot,
    messenger: InMemoryMessenger,
    clock: ManualClock,
) -> None:
    """Nothing goes out for an account that is not connected, and it goes out once it is again."""
    faults.plan("before send", full())
    await process.for_workflow(parking)
    gone = tenant.model_copy(update={"status": "inactive", "revision": tenant.revision + 1})
    await tenants.apply(gone)
    clock.advance(600)
    await process.round()
    assert [] == messenger.ledger

    await tenants.apply(gone.model_copy(update={"status": "active", "revision": tenant.revision + 2}))
    clock.advance(timedelta(minutes=15).total_seconds())
    await process.round()

    assert 1 == len(messenger.ledger)
