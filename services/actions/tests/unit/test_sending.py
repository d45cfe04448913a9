"""Sending one message once."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from actions.adapters.in_memory import (
    Faults,
    InMemoryAliasStore,
    InMemoryChertConversations,
    InMemoryMessenger,
    InMemorySendStore,
    InMemoryTenantAuthority,
    InMemoryTenantStore,
)
from actions.errors import (
    AuthorityAwayError,
    ClaimInProgressError,
    DifferentRequestError,
    KeyOutlivedError,
    NotDeliveredError,
    OutOfTimeError,
    StoreAwayError,
    UnknownTenantError,
)
from actions.handlers.claims import TAKEOVER_SECONDS
from actions.handlers.final_refusals import SUPERSEDED
from actions.handlers.sending import ANSWER_SECONDS, CALL_SECONDS, SendOnce
from actions.models import Accepted, Answer, Outgoing, Refused, SendRequest
from actions.ports import TenantStore
from chassis.clock import ManualClock
from chassis.metrics import Metrics
from contracts.failures import Code
from contracts.messages import MessageRefused, MessageSent
from contracts.tenants import TenantSnapshot

FIRST = Accepted(message_id="message-0", lead_id="lead-0", lead_created=True, phone_line_id="line-1")
UNSENT = NotDeliveredError("saturated", may_have_happened=False, retry_after_seconds=600, code=Code.LINES_SATURATED)
LOST = NotDeliveredError("answer lost", may_have_happened=True, code=Code.UNAVAILABLE)


class KilledError(Exception):
    """The process ends here."""


class SlowTenants:
    """Takes more than half of a request's time to find an account."""

    def __init__(self, tenants: TenantStore, clock: ManualClock) -> None:
        self._tenants, self._clock = tenants, clock

    async def apply(self, snapshot: TenantSnapshot) -> bool:
        """As the store does."""
        return await self._tenants.apply(snapshot)

    async def find(self, portal_id: int) -> TenantSnapshot | None:
        """As the store does, slowly."""
        self._clock.advance(ANSWER_SECONDS - CALL_SECONDS + 0.1)
        return await self._tenants.find(portal_id)


def statuses(sends: InMemorySendStore, key: str = "wf:62515:ap-1") -> list[str]:
    """A send's history."""
    return [attempt.status for attempt in sends.sends[key].attempts]


async def until(condition: Callable[[], bool]) -> None:
    """Let others run until something is true."""
    for _ in range(100_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("never came true")


async def advance_until_done(clock: ManualClock, task: "asyncio.Task[Answer]") -> None:
    """Move time on whenever the task waits for it."""

    def done() -> bool:
        if clock.sleeping:
            clock.advance(0.1)
        return task.done()

    await until(done)


async def meet_claim_in_progress(process: SendOnce, asked: SendRequest, clock: ManualClock) -> None:
    """A call that gives up because another seems at work."""
    call = asyncio.create_task(process(asked))
    await advance_until_done(clock, call)

    assert isinstance(call.exception(), ClaimInProgressError)


async def test_a_message_is_sent(
    send_once: SendOnce,
    sends: InMemorySendStore,
    messenger: InMemoryMessenger,
    asked: SendRequest,
    announced: list[str],
) -> None:
    """A request is claimed, rendered, handed to Chert under its key, answered, and told as `message.sent`."""
    answer = await send_once(asked)

    [delivered] = messenger.ledger
    [event] = sends.outbox[asked.key]
    assert Answer(FIRST, duplicate=False) == answer
    assert ("acme", "wf:62515:ap-1") == (delivered.chert_tenant, delivered.key)
    assert delivered.message == Outgoing(
        phone="+14155551234", body="Hi Ada", name="Ada Lovelace", external_id="904", phone_line_id="line-7"
    )
    assert isinstance(event.data, MessageSent)
    assert ("message.sent:wf:62515:ap-1", "lead-0", 3) == (event.id, event.data.chat_id, event.data.generation)
    assert ["begun", "sent"] == statuses(sends)
    assert announced == ["woken"]


async def test_a_repeat_gets_the_same_answer(
    new_process: Callable[[], SendOnce], sends: InMemorySendStore, messenger: InMemoryMessenger, asked: SendRequest
) -> None:
    """The same request again, in another process, is answered from what is stored and changes nothing."""
    first = await new_process()(asked)
    before = dict(sends.sends)

    again = await new_process()(asked)

    assert Answer(first.outcome, duplicate=True) == again
    assert messenger.calls == 1
    assert before == sends.sends


@pytest.mark.parametrize(
    "change",
    [
        {"template": "Bye"},
        {"contact": {"id": "905"}},
        {"contact": {"phone": "+14155550000"}},
        {"contact": {"mobilephone": "+14155550000"}},
    ],
)
async def test_the_same_key_with_other_content_is_refused(
    send_once: SendOnce,
    messenger: InMemoryMessenger,
    asked: SendRequest,
    change: dict[str, object],
) -> None:
    """Message, contact and numbers make a request; its key does not stand for another."""
    await send_once(asked)
    contact = change.get("contact")
    changed = {"contact": replace(asked.contact, **contact)} if isinstance(contact, dict) else change

    with pytest.raises(DifferentRequestError):
        await send_once(replace(asked, **changed))

    assert messenger.calls == 1


async def test_what_does_not_make_a_request_may_change(
    send_once: SendOnce, messenger: InMemoryMessenger, asked: SendRequest
) -> None:
    """A repeat after the contact was renamed is still the repeat."""
    await send_once(asked)

    answer = await send_once(replace(asked, contact=replace(asked.contact, firstname="Augusta")))

    assert (True, 1) == (answer.duplicate, messenger.calls)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"template": "{{ contact.city }}"}, Code.INVALID_FIELD),
        ({"template": " "}, Code.MISSING_FIELD),
        ({"phone": "garbage"}, Code.NO_USABLE_PHONE),
    ],
)
async def test_what_cannot_be_sent_is_refused_once_and_for_all(
    send_once: SendOnce,
    sends: InMemorySendStore,
    messenger: InMemoryMessenger,
    asked: SendRequest,
    change: dict[str, str],
    code: Code,
) -> None:
    """A final refusal is stored, told as `message.refused`, and repeated; Chert is not called."""
    if "phone" in change:
        asked = replace(asked, contact=replace(asked.contact, **change))
    else:
        asked = replace(asked, template=change["template"])

    answers = [await send_once(asked), await send_once(asked)]

    [event] = sends.outbox[asked.key]
    assert isinstance(event.data, MessageRefused)
    assert code == event.data.code
    assert [False, True] == [answer.duplicate for answer in answers]
    assert answers[0].outcome == answers[1].outcome
    assert (0, ["begun", "refused"]) == (messenger.calls, statuses(sends))


async def test_a_final_refusal_of_chert_is_passed_on(
    send_once: SendOnce, sends: InMemorySendStore, messenger: InMemoryMessenger, asked: SendRequest
) -> None:
    """Chert's code and words become the answer, which a repeat gets without another call."""
    messenger.refusal = Refused(code=2008, error="daily cap reached")

    answers = [await send_once(asked), await send_once(asked)]

    assert [Answer(messenger.refusal, duplicate=False), Answer(messenger.refusal, duplicate=True)] == answers
    assert (1, 2008) == (messenger.calls, sends.sends[asked.key].attempts[-1].code)


@pytest.mark.parametrize(("error", "status"), [(UNSENT, "unsent"), (LOST, "unknown")])
@pytest.mark.parametrize("point", ["before send", "after send"])
async def test_a_temporary_failure_lets_the_claim_go(
    new_process: Callable[[], SendOnce],
    faults: Faults,
    sends: InMemorySendStore,
    messenger: InMemoryMessenger,
    asked: SendRequest,
    point: str,
    error: NotDeliveredError,
    status: str,
) -> None:
    """Nothing final is stored; the next call sends the unchanged message under the same key, whatever had happened."""
    faults.plan(point, error)
    with pytest.raises(NotDeliveredError):
        await new_process()(asked)
    assert (None, None) == (sends.sends[asked.key].answer, sends.sends[asked.key].lease.holder)

    renamed = replace(asked, contact=replace(asked.contact, firstname="Augusta"))
    answer = await new_process()(renamed)

    assert Answer(FIRST, duplicate=False) == answer
    assert ["Hi Ada"] == [delivered.message.body for delivered in messenger.ledger]
    assert ["begun", status, "begun", "sent"] == statuses(sends)


async def test_a_doubtful_send_is_not_repeated_once_its_key_is_old(
    send_once: SendOnce,
    faults: Faults,
    messenger: InMemoryMessenger,
    chert_conversations: InMemoryChertConversations,
    asked: SendRequest,
    clock: ManualClock,
) -> None:
    """When Chert may have forgotten the key of a message that may have gone out, it is not sent blindly again."""
    chert_conversations.served = False
    faults.plan("after send", LOST)
    with pytest.raises(NotDeliveredError):
        await send_once(asked)
    clock.advance(timedelta(hours=23).total_seconds())

    with pytest.raises(KeyOutlivedError):
        await send_once(asked)

    assert messenger.calls == 1


async def test_an_unsent_message_is_sent_however_late(
    send_once: SendOnce, faults: Faults, messenger: InMemoryMessenger, asked: SendRequest, clock: ManualClock
) -> None:
    """A message that certainly did not go out is sent when the call comes again, days later."""
    faults.plan("before send", UNSENT)
    with pytest.raises(NotDeliveredError):
        await send_once(asked)
    clock.advance(timedelta(days=3).total_seconds())

    await send_once(asked)

    assert len(messenger.ledger) == 1


async def test_a_doubtful_send_is_repeated_while_its_key_is_young(
    send_once: SendOnce, faults: Faults, messenger: InMemoryMessenger, asked: SendRequest, clock: ManualClock
) -> None:
    """Within the key's life the same call again is safe, and gives the answer that got lost."""
    faults.plan("after send", LOST)
    with pytest.raises(NotDeliveredError):
        await send_once(asked)
    clock.advance(timedelta(hours=22).total_seconds())

    answer = await send_once(asked)

    assert (FIRST, 1, 2) == (answer.outcome, len(messenger.ledger), messenger.calls)


async def test_of_many_calls_one_sends(
    new_process: Callable[[], SendOnce], messenger: InMemoryMessenger, asked: SendRequest, clock: ManualClock
) -> None:
    """32 calls at once, each in a process of its own: one sends, the others wait and get its answer."""
    messenger.open.clear()
    calls = [asyncio.create_task(new_process()(asked)) for _ in range(32)]
    await until(lambda: clock.sleeping == 31)
    messenger.open.set()
    for call in calls:
        await advance_until_done(clock, call)

    answers = [call.result() for call in calls]
    assert [FIRST] * 32 == [answer.outcome for answer in answers]
    assert [False] + [True] * 31 == sorted(answer.duplicate for answer in answers)
    assert (1, 1) == (messenger.calls, len(messenger.ledger))


async def test_a_repeat_waits_two_seconds_at_most(
    new_process: Callable[[], SendOnce], messenger: InMemoryMessenger, asked: SendRequest, clock: ManualClock
) -> None:
    """A call that finds another at work gives up after two seconds and asks to come again."""
    messenger.open.clear()
    first = asyncio.create_task(new_process()(asked))
    await until(lambda: messenger.calls == 1)
    began = clock.monotonic()
    second = asyncio.create_task(new_process()(asked))
    await advance_until_done(clock, second)

    assert isinstance(second.exception(), ClaimInProgressError)
    assert clock.monotonic() - began == pytest.approx(2.0, abs=0.15)
    messenger.open.set()
    assert Answer(FIRST, duplicate=False) == await first


KILL_POINTS = [
    "after open",
    "before bind",
    "after bind",
    "before send",
    "after send",
    "before settle",
]


@pytest.mark.parametrize("point", KILL_POINTS)
async def test_a_dead_holders_claim_is_taken_over(
    new_process: Callable[[], SendOnce],
    faults: Faults,
    messenger: InMemoryMessenger,
    sends: InMemorySendStore,
    asked: SendRequest,
    clock: ManualClock,
    point: str,
) -> None:
    """A process killed at any point between claim and answer leaves a claim that another completes after 15 s, once."""
    faults.plan(point, KilledError())
    with pytest.raises(KilledError):
        await new_process()(asked)
    survivor = new_process()

    await meet_claim_in_progress(survivor, asked, clock)
    clock.advance(TAKEOVER_SECONDS)
    answer = await survivor(asked)

    assert Answer(FIRST, duplicate=False) == answer
    assert 1 == len(messenger.ledger) == len(sends.outbox[asked.key])
    assert 2 == sends.sends[asked.key].lease.fence


async def test_an_answer_that_was_never_given_is_given_again(
    new_process: Callable[[], SendOnce], faults: Faults, messenger: InMemoryMessenger, asked: SendRequest
) -> None:
    """A process killed after the answer was stored has done everything: the repeat gets it at once."""
    faults.plan("after settle", KilledError())
    with pytest.raises(KilledError):
        await new_process()(asked)

    assert Answer(FIRST, duplicate=True) == await new_process()(asked)
    assert messenger.calls == 1


async def test_a_take_over_killed_in_turn_is_taken_over(
    new_process: Callable[[], SendOnce],
    faults: Faults,
    messenger: InMemoryMessenger,
    asked: SendRequest,
    clock: ManualClock,
) -> None:
    """However many holders die, each take-over waits for 15 s of its own, and one message goes out."""
    survivor = new_process()
    faults.plan("after send", KilledError())
    with pytest.raises(KilledError):
        await survivor(asked)
    for point in ("after take", "before bind", "after send", "before settle"):
        await meet_claim_in_progress(survivor, asked, clock)
        clock.advance(TAKEOVER_SECONDS)
        faults.plan(point, KilledError())
        with pytest.raises(KilledError):
            await survivor(asked)
    await meet_claim_in_progress(survivor, asked, clock)
    clock.advance(TAKEOVER_SECONDS)

    answer = await survivor(asked)

    assert (FIRST, 1) == (answer.outcome, len(messenger.ledger))


async def test_a_claim_that_changed_hands_is_watched_anew(
    new_process: Callable[[], SendOnce], faults: Faults, asked: SendRequest, clock: ManualClock
) -> None:
    """The 15 s are those of the present holder, not of the one before."""
    candidate, rival = new_process(), new_process()
    faults.plan("after send", KilledError())
    with pytest.raises(KilledError):
        await new_process()(asked)
    await meet_claim_in_progress(candidate, asked, clock)
    await meet_claim_in_progress(rival, asked, clock)
    clock.advance(TAKEOVER_SECONDS)
    faults.plan("after take", KilledError())
    with pytest.raises(KilledError):
        await rival(asked)

    await meet_claim_in_progress(candidate, asked, clock)


async def test_a_holder_that_lost_its_claim_does_not_answer_for_it(
    new_process: Callable[[], SendOnce], messenger: InMemoryMessenger, asked: SendRequest, clock: ManualClock
) -> None:
    """A holder that was cut off for too long gives the answer that its successor stored, and stores none."""
    messenger.open.clear()
    frozen = asyncio.create_task(new_process()(asked))
    await until(lambda: messenger.calls == 1)
    survivor = new_process()
    await meet_claim_in_progress(survivor, asked, clock)
    clock.advance(TAKEOVER_SECONDS)
    second = asyncio.create_task(survivor(asked))
    await until(lambda: messenger.calls == 2)
    messenger.open.set()

    assert {FIRST} == {(await frozen).outcome, (await second).outcome}
    assert 1 == len(messenger.ledger)


async def test_no_call_goes_out_without_time_for_it(
    new_process: Callable[[], SendOnce],
    sends: InMemorySendStore,
    messenger: InMemoryMessenger,
    asked: SendRequest,
    clock: ManualClock,
) -> None:
    """Right before the call its whole budget must be left; else the claim is let go and the request postponed."""
    process = new_process()

    with pytest.raises(OutOfTimeError):
        await replace(process, tenants=SlowTenants(process.tenants, clock))(asked)

    assert (0, ["begun", "unsent"]) == (messenger.calls, statuses(sends))


async def test_a_second_key_of_the_same_step_is_the_same_send(
    send_once: SendOnce, sends: InMemorySendStore, messenger: InMemoryMessenger, asked: SendRequest
) -> None:
    """When HubSpot repeats a step under another callback id, the enrolment says that it is the same."""
    first = await send_once(asked)
    other = replace(asked, key="wf:62515:ap-2")

    answers = [await send_once(other), await send_once(other)]

    assert [Answer(first.outcome, duplicate=True)] * 2 == answers
    assert messenger.calls == 1
    assert ("wf:62515:ap-1", ["begun", "deferred"]) == (
        sends.sends["wf:62515:ap-2"].same_as,
        statuses(sends, "wf:62515:ap-2"),
    )


async def test_two_keys_of_the_same_step_at_once_send_once(
    new_process: Callable[[], SendOnce], messenger: InMemoryMessenger, asked: SendRequest, clock: ManualClock
) -> None:
    """Two callback ids of one step at the same moment are one send with one answer."""
    requests = [asked, replace(asked, key="wf:62515:ap-2")]
    calls = [asyncio.create_task(new_process()(request)) for request in requests]
    for call in calls:
        await advance_until_done(clock, call)

    assert [FIRST, FIRST] == [call.result().outcome for call in calls]
    assert [False, True] == sorted(call.result().duplicate for call in calls)
    assert 1 == messenger.calls


@pytest.mark.parametrize("point", ["after bind", "before settle"])
async def test_a_second_key_killed_on_its_way_sends_nothing(
    new_process: Callable[[], SendOnce],
    faults: Faults,
    messenger: InMemoryMessenger,
    asked: SendRequest,
    clock: ManualClock,
    point: str,
) -> None:
    """A second callback id whose process dies before it is known as a second name never sends by itself."""
    first = await new_process()(asked)
    other = replace(asked, key="wf:62515:ap-2")
    faults.plan(point, KilledError())
    with pytest.raises(KilledError):
        await new_process()(other)
    survivor = new_process()
    await meet_claim_in_progress(survivor, other, clock)
    clock.advance(TAKEOVER_SECONDS)

    assert Answer(first.outcome, duplicate=True) == await survivor(other)
    assert 1 == messenger.calls


async def test_a_second_key_with_other_content_is_refused(
    send_once: SendOnce, messenger: InMemoryMessenger, asked: SendRequest
) -> None:
    """The same step with another message is not the same request."""
    await send_once(asked)

    with pytest.raises(DifferentRequestError):
        await send_once(replace(asked, key="wf:62515:ap-2", template="Bye"))

    assert 1 == messenger.calls


async def test_without_an_enrolment_the_key_alone_counts(
    send_once: SendOnce, aliases: InMemoryAliasStore, messenger: InMemoryMessenger, asked: SendRequest
) -> None:
    """Where HubSpot names no enrolment, two callback ids are two sends."""
    for key in ("wf:62515:ap-1", "wf:62515:ap-2"):
        await send_once(replace(asked, key=key, alias=None))

    assert (2, {}) == (messenger.calls, aliases.keys)


async def test_an_unknown_account_is_refused_after_oauth_confirmed_it(
    send_once: SendOnce,
    sends: InMemorySendStore,
    authority: InMemoryTenantAuthority,
    messenger: InMemoryMessenger,
    asked: SendRequest,
    metrics: Metrics,
) -> None:
    """A final "unknown" needs `oauth`'s word; it is counted, and no send is recorded for it."""
    with pytest.raises(UnknownTenantError):
        await send_once(replace(asked, portal_id=1, key="wf:1:ap-1"))

    assert (1, {}, 0) == (authority.asked, sends.sends, messenger.calls)
    assert b'sends_total{outcome="refused",source="workflow"} 1.0' in metrics.render()


async def test_an_account_whose_state_cannot_be_asked_is_postponed(
    send_once: SendOnce, authority: InMemoryTenantAuthority, asked: SendRequest, metrics: Metrics
) -> None:
    """Nobody is told "unknown" on stale knowledge."""
    authority.away = True

    with pytest.raises(AuthorityAwayError):
        await send_once(replace(asked, portal_id=1))

    assert b'sends_total{outcome="postponed",source="workflow"} 1.0' in metrics.render()


async def test_an_account_that_oauth_knows_is_served_although_the_projection_lags(
    send_once: SendOnce,
    authority: InMemoryTenantAuthority,
    messenger: InMemoryMessenger,
    tenant: TenantSnapshot,
    asked: SendRequest,
) -> None:
    """Where `oauth` says active, its snapshot is what counts."""
    authority.tenants[1] = tenant.model_copy(update={"portal_id": 1, "chert_tenant": "fresh"})

    await send_once(replace(asked, portal_id=1))

    assert ["fresh"] == [delivered.chert_tenant for delivered in messenger.ledger]


async def test_an_uninstalled_account_is_refused_but_earlier_answers_stand(
    send_once: SendOnce,
    tenants: InMemoryTenantStore,
    authority: InMemoryTenantAuthority,
    messenger: InMemoryMessenger,
    tenant: TenantSnapshot,
    asked: SendRequest,
) -> None:
    """After an uninstall a new request is refused, and the repeat of an answered one gets its answer."""
    first = await send_once(asked)
    gone = tenant.model_copy(update={"status": "inactive", "revision": tenant.revision + 1})
    await tenants.apply(gone)
    authority.tenants[tenant.portal_id] = gone

    again = await send_once(asked)

    with pytest.raises(UnknownTenantError):
        await send_once(replace(asked, key="wf:62515:ap-2", alias=None))
    assert Answer(first.outcome, duplicate=True) == again
    assert 1 == messenger.calls


async def test_work_begun_for_one_project_never_goes_out_for_another(
    send_once: SendOnce,
    faults: Faults,
    tenants: InMemoryTenantStore,
    messenger: InMemoryMessenger,
    tenant: TenantSnapshot,
    asked: SendRequest,
) -> None:
    """A postponed send whose account was bound to another project meanwhile ends as superseded."""
    faults.plan("before send", UNSENT)
    with pytest.raises(NotDeliveredError):
        await send_once(asked)
    await tenants.apply(tenant.model_copy(update={"project_id": "project-2", "revision": tenant.revision + 1}))

    answer = await send_once(asked)

    assert (SUPERSEDED, 0) == (answer.outcome, len(messenger.ledger))


@pytest.mark.parametrize("point", ["before open", "before bind", "before settle"])
async def test_a_database_that_is_away_postpones(
    send_once: SendOnce, faults: Faults, asked: SendRequest, point: str
) -> None:
    """Our own trouble is never an answer."""
    faults.plan(point, StoreAwayError())

    with pytest.raises(StoreAwayError):
        await send_once(asked)
