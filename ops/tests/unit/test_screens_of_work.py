"""What people see of work on topics, dead letters and accounts: each screen is recorded in `docs/screens`."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from ops.tests.unit import test_held, test_keys, test_replay_runs, test_tenant
from ops.tests.unit._played import NOW, PlayedDesk
from ops.tests.unit._verbs import every_verb
from ops.tests.unit.test_screens import FOLDER, WIDTH, Show, same_as_recorded

from chertctl import chert, dlq, held, orders, replay_runs, signature, tailing, tokens, topics
from chertctl.cluster import Difference
from chertctl.explaining import Explanation
from chertctl.lag import Lag
from chertctl.letters import Deed, Letter, written
from chertctl.reading import Lying, Place
from chertctl.redaction import Redactor, seen
from chertctl.replay_jobs import JobFile
from chertctl.screen import Screen
from chertctl.settings import Settings
from chertctl.variants import Difference as Part
from contracts.replays import LogReplayAnswer
from contracts.tenant_operations import TenantList, TenantOverview, TokenCheck

TRACE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def lying(offset: int = 17, *, topic: str = "message.received", **headers: str) -> Lying:
    """A record that says what a person wrote."""
    told = {"ce_id": "message.received:acme:m-7", "ce_type": "message.received", "ce_time": NOW.isoformat(), **headers}
    value = json.dumps({"message_id": "m-7", "sender": "+14155550100", "parts": [{"type": "text", "value": "Yes"}]})
    every = [*((name, text.encode()) for name, text in told.items()), ("traceparent", TRACE)]
    return Lying(Place(topic, 3, offset), NOW.timestamp(), b"acme:chat-1", value.encode(), every)


def letter(offset: int = 17, why: str = "parts: missing", *deeds: Deed) -> Letter:
    """A dead letter."""
    told = {"dlq_reason": why, "dlq_error_type": "ContractError", "dlq_attempts": "0", "dlq_time": NOW.isoformat(),
            "dlq_topic": "message.received", "dlq_partition": "3", "dlq_offset": "1742"}  # fmt: skip
    record = lying(offset, topic="message.received.timeline.dlq", **told)
    return Letter(record, "message.received", "timeline", deeds)


async def dlq_list(desk: PlayedDesk) -> None:
    """Two letters."""
    failed = Deed(NOW.isoformat(), "ana", "failed", "parts: missing")
    dlq.show_letters(desk, [letter(), letter(18, "parts: missing", failed)], 100)


async def dlq_reasons(desk: PlayedDesk) -> None:
    """Two reasons."""
    dlq.show_reasons(desk, [letter(), letter(18), letter(19, "handlers.py:7 assign")])


async def dlq_show(desk: PlayedDesk) -> None:
    """One letter, without its content."""
    one = letter()
    headers = {name: one.record.header(name) for name, _ in one.record.headers}
    data = seen(one.record, Redactor(b"key"))["data"]
    desk.screen.say(written({**one.document(), "headers": headers, "data": data}))


async def dlq_redrive(desk: PlayedDesk) -> None:
    """One that succeeds and one that fails again."""
    dlq.tell(desk, [(letter(), "redriven", None), (letter(18), "failed", "parts: missing")], dry_run=False)


async def dlq_discard(desk: PlayedDesk) -> None:
    """What would be discarded."""
    dlq.tell(desk, [(letter(), "discarded", None)], dry_run=True)
    desk.screen.decide("", dry_run=True, yes=False)


async def topics_lag(desk: PlayedDesk) -> None:
    """One group behind, and one not."""
    tailing.show_lag(
        desk, [Lag("timeline", "message.received", 1240, 38.2, 5), Lag("timeline", "message.sent", 0, None, 0)]
    )


async def topics_tail(desk: PlayedDesk) -> None:
    """A record."""
    tailing.show_records(desk, [seen(lying(), Redactor(b"key"))])


async def topics_show(desk: PlayedDesk) -> None:
    """A record, without its content."""
    desk.screen.say(written(seen(lying(), Redactor(b"key"))))


async def topics_create(desk: PlayedDesk) -> None:
    """Two are missing."""
    topics.show_created(desk.screen, ["reply.recorded", "ops.audited"], ["message.received"], dry_run=True)


async def topics_diff(desk: PlayedDesk) -> None:
    """One differs."""
    topics.show_differences(desk.screen, [Difference("message.sent", "retention.ms", "1209600000", "604800000")])


async def replay_topic(desk: PlayedDesk) -> None:
    """What a dry run says."""
    result = {"written": 12, "already": 4051, "skipped: older than the oldest kept key": 2, "not asked for": 310}
    replay_runs.show(desk, result, "would be", "job", final=True)
    desk.screen.decide("", dry_run=True, yes=False)


async def replay_event_log(desk: PlayedDesk) -> None:
    """What a replay of Chert's log did."""
    replay_runs.show(desk, {"written": 3, "already": 118}, "were", "job", final=True)


async def replay_resume(desk: PlayedDesk, tmp_path: Path) -> None:
    """A job that comes to its end."""
    desk.services.will("timeline", test_replay_runs.PATH, LogReplayAnswer(written=2, already=1))
    file, job = JobFile(tmp_path / "job.json"), test_replay_runs.job()
    await replay_runs.go(desk, job, file, lambda: replay_runs.through_log(desk, job, file), went_on=True)


async def replay_cancel(desk: PlayedDesk, tmp_path: Path) -> None:
    """A job that is given up."""
    file = JobFile(tmp_path / "job.json")
    file.write(test_replay_runs.job())
    await replay_runs.give_up(desk, file, "wrong range", dry_run=False, yes=True)


async def held_list(desk: PlayedDesk) -> None:
    """One owner."""
    for name in held.GROUPS:
        lanes = (test_held.lane(),) if name == "timeline" else ()
        desk.services.will(name, test_held.HELD, test_held.HeldAnswer(lanes=lanes))
    await held.show_held(desk, None)


async def held_release(desk: PlayedDesk) -> None:
    """All of it is handled, but for one."""
    answers = test_held.HeldAnswer(lanes=(test_held.lane(),)), test_held.HeldAnswer()
    desk.services.will("timeline", test_held.HELD, answers[0], *answers)
    desk.services.will("timeline", test_held.RELEASE, test_held.HeldReleased(handled=11, dead_lettered=1))
    await test_held.order(group="timeline")(desk)


async def tenant_resume(desk: PlayedDesk) -> None:
    """An account goes on."""
    desk.services.will("oauth", test_tenant.ONE, test_tenant.details(paused=True))
    desk.services.will("oauth", f"{test_tenant.ONE}/resume", test_tenant.details())
    await orders.Order(verb="resume", portal_id=test_tenant.PORTAL, reason="ticket 7", yes=True)(desk)


async def tenant_drain(desk: PlayedDesk) -> None:
    """Nothing is under way any more."""
    desk.services.will("oauth", test_tenant.ONE, test_tenant.details())
    desk.services.will("oauth", f"{test_tenant.ONE}/pause", test_tenant.details(paused=True))
    test_tenant.idle(desk, paused=True, waiting=2)
    order = orders.Order(verb="pause", portal_id=test_tenant.PORTAL, reason="ticket 7", yes=True)
    await orders.drain(desk, order=order, seconds=60)


async def tenant_breaker_reset(desk: PlayedDesk) -> None:
    """A breaker is closed."""
    breaker = test_tenant.BreakerState(open=True, since=NOW, words="502")
    resting = test_tenant.work(waiting=3, breaker=breaker, resting_until=NOW + timedelta(minutes=2))
    desk.services.will("timeline", "/ops/tenants", test_tenant.answer(resting))
    desk.services.will("timeline", f"{test_tenant.ONE}/breaker-reset", test_tenant.work(waiting=3))
    await orders.BreakerReset(portal_id=test_tenant.PORTAL, reason="HubSpot is back", yes=True)(desk)


async def tenant_purge(desk: PlayedDesk) -> None:
    """An account is forgotten."""
    test_tenant.purgeable(desk)
    await test_tenant.erasure.Purge(portal_id=test_tenant.PORTAL, reason="contract ended", yes=True)(desk)


async def tokens_check(desk: PlayedDesk) -> None:
    """One grant lives, one does not."""
    listed = tuple(TenantOverview(tenant=test_tenant.snapshot(one), installed_at=NOW) for one in (1, 2))
    desk.services.will("oauth", "/ops/tenants", TenantList(tenants=listed))
    words = "HubSpot does not know the grant any more"
    desk.services.will("oauth", "/ops/tenants/1/token-check", TokenCheck(portal_id=1, verdict="alive"))
    desk.services.will("oauth", "/ops/tenants/2/token-check", TokenCheck(portal_id=2, verdict="ended", words=words))
    await tokens.check_grants(desk, [1, 2], everyone=False, dry_run=False, yes=True)


async def keys_rotate(desk: PlayedDesk, tmp_path: Path) -> None:
    """A rotation to its proof."""
    ring = tmp_path / "ring.json"
    ring.write_text(json.dumps({"current": "k1", "keys": {"k1": "c2VjcmV0"}}))
    desk.services.will("oauth", test_keys.KEYS, test_keys.BEFORE, test_keys.MOVING, test_keys.MOVED)
    await test_keys.rotation(ring)(desk)


async def chert_subscribe(desk: PlayedDesk) -> None:
    """Nothing is to be done."""
    url = "https://app.example.test/api/chert/webhook"
    known = [chert.WebhookSubscription(id="s1", url=url, events=(), is_active=True)]
    await chert.bring_about(desk, None, "acme", url, known, None, (True, False, None))


async def signature_explain(desk: PlayedDesk) -> None:
    """A method that a proxy changed."""
    method = Part("method", "POST", "GET", "check the method as it was called, in upper case")
    signature.show(desk.screen, Explanation("hubspot", holds=False, secret=1, differences=(method,)))


SHOWS: list[Show] = [
    dlq_list, dlq_reasons, dlq_show, dlq_redrive, dlq_discard, topics_lag, topics_tail, topics_show, topics_create,
    topics_diff, replay_topic, replay_event_log, replay_resume, replay_cancel, held_list, held_release, tenant_resume,
    tenant_drain, tenant_breaker_reset, tenant_purge, tokens_check, keys_rotate, chert_subscribe, signature_explain,
]  # fmt: skip


@pytest.mark.parametrize("show", SHOWS, ids=lambda show: str(show.__name__))
async def test_a_screen_is_as_recorded(show: Show, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What the documentation shows is what the command prints; `WRITE_GOLDEN=1` records it anew, to be read."""
    desk = PlayedDesk(Settings(operator="ana"), Screen(as_json=False, width=WIDTH))
    await (show(desk, tmp_path) if "tmp_path" in show.__code__.co_varnames else show(desk))

    same_as_recorded(show.__name__.replace("_", "-"), without_ends_of_lines(capsys.readouterr().out))


def test_every_verb_has_a_screen() -> None:
    """Whoever reads the documentation sees how each verb answers."""
    recorded = [file.stem for file in FOLDER.glob("*.txt")]
    names = [name.replace(" ", "-") for name, _ in every_verb()]

    assert [] == [name for name in names if not any(one == name or one.startswith(f"{name}-") for one in recorded)]


def without_ends_of_lines(text: str) -> str:
    """Tables fill their lines."""
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
