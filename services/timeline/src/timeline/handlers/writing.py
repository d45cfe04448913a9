"""Bringing replies to their contacts' timelines, each once.

HubSpot has no idempotency key, so writes are announced before they are made (the intents) and recorded after. Between
the two, and after an answer that leaves open what happened, a reply is reconciled before it is written again.

    intent ── write ── answer ────────────────────────────────► recorded
                 └──── unknown, or crash ── wait ── look ──────► adopted, or intent ── write ── …

One reply is one create; several that are due together, of different conversations, are one batch. Where batches are off
they are creates side by side, announced and recorded together.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from chassis.clock import Clock
from contracts.tenants import TenantSnapshot
from timeline.errors import (
    UNSENT,
    AccountError,
    ContactGoneError,
    LeaseSpentError,
    RecordLockedError,
    ReplyError,
    ReplyRefusedError,
    TimelineError,
    WriteUnknownError,
)
from timeline.handlers import bodies
from timeline.handlers.account_watch import AccountWatch
from timeline.handlers.answers import Answer, Answers
from timeline.handlers.budget import Budget
from timeline.handlers.contacts import ContactFinder
from timeline.handlers.leases import require_call_time, require_lease
from timeline.handlers.outcomes import Outcomes, Postponed, Step, Target
from timeline.handlers.reconciling import LATE_COMMIT, READ_LAG, Reconciler, looked_for_together
from timeline.models import Entry, FaultPoint, Intent, Intention, Lease, Note, Withdrawal
from timeline.ports import Communications, FaultPoints, IntentLog, Timeline, Unmatched

_LOCKED_SECONDS: Final = 2.0
"""The least wait for a locked record (hubspot-contract.md, section 6)."""

Done = Callable[[Entry, Step], None]
"""Told of each reply's next step as soon as it is known, so that an error after it takes nothing back."""

Results = Mapping[str, str | TimelineError]
"""By reply, the communication's id or what happened."""


class Writer:
    """Takes replies a step further; a lane calls it until they are settled."""

    def __init__(
        self,
        *,
        intents: IntentLog,
        communications: Communications,
        unmatched: Unmatched,
        watch: AccountWatch,
        contacts: ContactFinder,
        reconciler: Reconciler,
        timeline: Timeline,
        outcomes: Outcomes,
        budget: Budget,
        faults: FaultPoints,
        clock: Clock,
        public_base_url: str,
        batch: int,
    ) -> None:
        self._batch, self._answers = batch, Answers()
        self._intents, self._communications = intents, communications
        self._unmatched, self._watch, self._contacts = unmatched, watch, contacts
        self._reconciler, self._timeline, self._outcomes = reconciler, timeline, outcomes
        self._budget, self._faults, self._clock = budget, faults, clock
        self._public_base_url = public_base_url

    async def advance(self, entries: Sequence[Entry], tenant: TenantSnapshot, lease: Lease, done: Done) -> None:
        """Take replies of different conversations as far as they go now, those with an unknown end last.

        Raises:
            AccountError: the account as a whole has to wait; replies that nothing was told of stay as they are.
            LeaseSpentError: nothing more may be begun under this lease.
        """
        self._timeline.work_under(tenant.portal_id, tenant.generation)
        await self._bring([entry for entry in entries if not entry.intents], tenant, lease, done)
        begun = {entry.id: entry for entry in entries if entry.intents}
        answers = self._answers.of(begun)
        await self._record(begun, answers, done)
        unknown = [entry for entry in begun.values() if entry.id not in answers]
        for group in looked_for_together(unknown):
            steps = await self._reconciled(group, lease)
            for entry in group:
                if entry.id in steps:
                    done(entry, steps[entry.id])
            free = [replace(entry, intents=()) for entry in group if entry.id not in steps]
            await self._bring(free, tenant, lease, done)

    async def _reconciled(self, entries: Sequence[Entry], lease: Lease) -> Mapping[str, Step]:
        try:
            return await self._reconciler.settle(entries, lease)
        except ReplyError as error:
            require_lease(lease, self._clock)
            return {entry.id: await self._after(error, entry) for entry in entries}

    async def _bring(self, entries: Sequence[Entry], tenant: TenantSnapshot, lease: Lease, done: Done) -> None:
        """Write replies of which no write is open: first those whose contact is known, then those that are found."""
        own = [entry for entry in entries if entry.project_id == tenant.project_id]
        for entry in entries:
            if entry.project_id != tenant.project_id:
                done(entry, await self._outcomes.superseded(entry))
        if not own:
            return
        linked = await self._contacts.linked(own)
        await self._write({entry.id: entry for entry in own if entry.id in linked}, linked, tenant, lease, done)
        unknown = [entry for entry in own if entry.id not in linked]
        if unknown:
            await self._find_and_write(unknown, tenant, lease, done)

    async def _find_and_write(self, entries: Sequence[Entry], tenant: TenantSnapshot, lease: Lease, done: Done) -> None:
        require_call_time(lease, self._clock)
        try:
            searched = await self._contacts.search(entries, tenant)
        except ReplyError as error:
            for entry in entries:
                done(entry, await self._after(error, entry))
            return
        require_lease(lease, self._clock)
        later = Postponed(self._clock.now() + timedelta(seconds=searched.wait_seconds))
        waiting = {entry.id for entry in searched.unsearched}
        for entry in entries:
            if entry.id in waiting:
                done(entry, later)
            elif entry.id not in searched.contacts:
                done(entry, await self._unmatch(entry, tenant))
        found = {entry.id: entry for entry in entries if entry.id in searched.contacts}
        await self._write(found, searched.contacts, tenant, lease, done)

    async def _unmatch(self, entry: Entry, tenant: TenantSnapshot) -> Step:
        """Let it wait for a contact, and look once more: a link or an install may have come meanwhile."""
        await self._unmatched.add(entry.conversation, entry.work(entry.id))
        step = await self._outcomes.unmatched(entry)
        if not await self._watch.has_changed(tenant) and not await self._contacts.linked([entry]):
            return step
        await self._unmatched.remove(entry.conversation, [entry.id])
        return Postponed(self._clock.now())

    async def _write(
        self,
        entries: Mapping[str, Entry],
        contacts: Mapping[str, str],
        tenant: TenantSnapshot,
        lease: Lease,
        done: Done,
    ) -> None:
        """Announce, write and record replies whose contacts are known."""
        if not entries:
            return
        await self._timeline.prepare(lease.portal_id)
        await self._watch.require_unchanged(tenant, lease)
        self._budget.require_call(lease.portal_id)
        await self._intend(entries.values(), contacts, lease)
        entries = {key: replace(entry, attempts=entry.attempts + 1) for key, entry in entries.items()}
        await self._faults.reach(FaultPoint.AFTER_INTENT)
        notes = {entry.id: self._note(entry, contacts[entry.id]) for entry in entries.values()}
        results = await self._send(notes, lease)
        named = {key: Answer(contacts[key], record) for key, record in results.items() if isinstance(record, str)}
        self._answers.keep(named)
        await self._faults.reach(FaultPoint.AFTER_WRITE)
        await self._record(entries, named, done)
        failed = {entry_id: error for entry_id, error in results.items() if isinstance(error, TimelineError)}
        await self._settle_failed(entries, contacts, failed, lease, done)

    def _note(self, entry: Entry, contact_id: str) -> Note:
        body = bodies.render(entry.message, self._public_base_url, sent=entry.sent_to is not None)
        return Note(contact_id, body, entry.message.received_at)

    async def _intend(self, entries: Collection[Entry], contacts: Mapping[str, str], lease: Lease) -> None:
        """Note down that writes are about to begin.

        Raises:
            LeaseSpentError: another holder has been at one of them.
        """
        require_call_time(lease, self._clock)
        now = self._clock.now()
        current = await self._intents.intend(
            [Intention(entry.id, Intent(lease.fence, now, contacts[entry.id])) for entry in entries]
        )
        ours = [one.open and one.fences == {lease.fence} for one in current.values()]
        if all(ours) and len(ours) == len(entries):
            return
        await self._intents.withdraw([Withdrawal(entry.id, lease.fence, unsent=True) for entry in entries])
        raise LeaseSpentError("another holder has been here")

    async def _send(self, notes: Mapping[str, Note], lease: Lease) -> Results:
        """One create or one batch; a batch that is refused as a whole is halved until what is wrong stands alone."""
        try:
            require_call_time(lease, self._clock)
            self._budget.require_call(lease.portal_id)
            if len(notes) > 1 and self._batch > 1:
                return await self._timeline.create_batch(lease.portal_id, notes)
            ends = [self._create(lease.portal_id, entry_id, note) for entry_id, note in notes.items()]
            return dict(zip(notes, await asyncio.gather(*ends), strict=True))
        except (ReplyRefusedError, ContactGoneError) as error:
            if len(notes) > 1:
                return await self._send_halves(list(notes.items()), lease)
            return dict.fromkeys(notes, error)
        except TimelineError as error:
            return dict.fromkeys(notes, error)

    async def _create(self, portal_id: int, entry_id: str, note: Note) -> str | TimelineError:
        try:
            return await self._timeline.create(portal_id, note, trace_id=entry_id)
        except TimelineError as error:
            return error

    async def _send_halves(self, notes: Sequence[tuple[str, Note]], lease: Lease) -> Results:
        middle = len(notes) // 2
        first = await self._send(dict(notes[:middle]), lease)
        stop = next((error for error in first.values() if isinstance(error, AccountError | LeaseSpentError)), None)
        if stop is not None:
            return {**first, **dict.fromkeys((entry_id for entry_id, _ in notes[middle:]), stop)}
        return {**first, **await self._send(dict(notes[middle:]), lease)}

    async def _record(self, entries: Mapping[str, Entry], named: Mapping[str, Answer], done: Done) -> None:
        """Record what HubSpot named; a communication that is another reply's leaves open what became of this one."""
        if not named:
            return
        portal_id = entries[next(iter(named))].portal_id
        owners = {answer.communication_id: entry_id for entry_id, answer in named.items()}
        of_others = await self._communications.own(portal_id, owners)
        await self._faults.reach(FaultPoint.AFTER_OWN)
        targets = [
            Target(entries[entry_id], named[entry_id].contact_id, record)
            for record, entry_id in owners.items()
            if record not in of_others
        ]
        step = await self._outcomes.recorded(targets)
        self._answers.forget(named)
        for target in targets:
            done(target.entry, step)
        for record in of_others:
            error = WriteUnknownError("HubSpot named a communication that another reply has")
            done(entries[owners[record]], await self._after(error, entries[owners[record]]))
        await self._faults.reach(FaultPoint.AFTER_RECORD)

    async def _settle_failed(
        self,
        entries: Mapping[str, Entry],
        contacts: Mapping[str, str],
        failed: Mapping[str, TimelineError],
        lease: Lease,
        done: Done,
    ) -> None:
        """Withdraw intents that came to nothing; what concerns account or lease is raised when all else is settled."""
        await self._intents.withdraw(
            [
                Withdrawal(key, lease.fence, unsent=isinstance(error, UNSENT))
                for key, error in failed.items()
                if not isinstance(error, WriteUnknownError)
            ]
        )
        about_replies = {key: error for key, error in failed.items() if isinstance(error, ReplyError)}
        for key, error in sorted(about_replies.items(), key=lambda item: isinstance(item[1], ReplyRefusedError)):
            cause = await self._cause(error, contacts[key], lease)
            if isinstance(cause, ContactGoneError):
                await self._intents.withdraw([Withdrawal(key, lease.fence, gone=contacts[key])])
            done(entries[key], await self._after(cause, entries[key], contacts[key]))
        for other in failed.values():
            if not isinstance(other, ReplyError):
                raise other

    async def _cause(self, error: ReplyError, contact_id: str, lease: Lease) -> ReplyError:
        """What is behind a refusal: HubSpot words a contact that is gone in several ways, so it is asked for."""
        if not isinstance(error, ReplyRefusedError):
            return error
        require_call_time(lease, self._clock)
        self._budget.require_call(lease.portal_id)
        if await self._timeline.whereabouts(lease.portal_id, contact_id) == contact_id:
            return error
        return ContactGoneError(error.reason, words=error.words)

    async def _after(self, error: ReplyError, entry: Entry, contact_id: str | None = None) -> Step:
        """What a failure that concerns this reply alone means for it."""
        now = self._clock.now()
        if isinstance(error, WriteUnknownError):
            until = now + LATE_COMMIT + READ_LAG
            return await self._outcomes.postponed(entry, until, error.reason, trouble=True)
        if isinstance(error, RecordLockedError):
            wait = timedelta(seconds=max(error.retry_after_seconds or 0.0, _LOCKED_SECONDS))
            return await self._outcomes.postponed(entry, now + wait, error.reason)
        if isinstance(error, ContactGoneError):
            return await self._outcomes.postponed(entry, now, error.reason)
        return await self._outcomes.failed(entry, error, contact_id)
