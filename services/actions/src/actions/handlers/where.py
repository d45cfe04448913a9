"""Where is this id? What this service did with whatever it belongs to, for operators: no text, no number."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from actions.models import Accepted, Attempt, Refused, Send, SettledCreation, Step
from actions.ports import CreationRecords, NumberHash, ReferenceStore, SendStore, StepStore
from chassis.clock import Clock
from contracts.failures import REGISTRY, Code
from contracts.ops import MAX_STEPS, WhereAnswer, WhereStep

SERVICE: Final = "actions"

MOST_SENDS: Final = 50
"""Sends that are read for one answer, the newest first."""

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_EVENT: Final = re.compile(r"message\.(?:sent|refused):(?P<key>.+)", re.DOTALL)

_CREATED: Final = "cc:"
"""What the keys of created contacts begin with."""

_NEXT: Final = {
    "parked": "Chert is asked again",
    "awaiting_reply": "the conversation is read for a reply, or the wait ends",
    "completing": "HubSpot is told",
}
"""What happens next to a step that HubSpot holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All that is known under some keys."""

    sends: Sequence[Send]
    steps: Sequence[Step]
    creations: Sequence[SettledCreation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Answers where an id is: every look-up is by key.

    Attributes:
        references: which keys an id belongs to.
        sends: the sends.
        steps: steps that HubSpot holds.
        creations: what became of created contacts.
        number_hash: how numbers are remembered.
        clock: until when is looked.
    """

    references: ReferenceStore
    sends: SendStore
    steps: StepStore
    creations: CreationRecords
    number_hash: NumberHash
    clock: Clock

    async def __call__(self, known_as: str) -> WhereAnswer:
        """What is known of an id, oldest first; empty when nothing is.

        Raises:
            StoreAwayError: the database does not answer.
        """
        found = await self._found((await self._keys(known_as))[:MOST_SENDS])
        at, what = min(_next(found), default=(None, None))
        steps = sorted(_told(found), key=lambda step: step.at)[-MAX_STEPS:]
        return WhereAnswer(steps=tuple(steps), next=what, next_at=at)

    async def _found(self, keys: Sequence[str]) -> Found:
        created = [await self.creations.find(key) for key in keys if key.startswith(_CREATED)]
        return Found(
            sends=await self.sends.find_all(keys),
            steps=await self.steps.find_all(keys),
            creations=[one for one in created if one is not None],
        )

    async def _keys(self, known_as: str) -> Sequence[str]:
        """The keys of an id, which may be a key itself, or an event's."""
        event = _EVENT.fullmatch(known_as)
        own = known_as if event is None else event["key"]
        name = self.number_hash(known_as) if _E164.fullmatch(known_as) else known_as
        keys = [own, *await self.references.keys(name, self.clock.now())]
        return list(dict.fromkeys(keys))


def _told(found: Found) -> Iterator[WhereStep]:
    for send in found.sends:
        yield from (_attempted(send, attempt) for attempt in send.attempts)
    yield from map(_held, found.steps)
    yield from (_skipped(creation) for creation in found.creations if creation.status == "skipped")


def _attempted(send: Send, attempt: Attempt) -> WhereStep:
    return WhereStep(
        at=attempt.at,
        service=SERVICE,
        what=attempt.status,
        portal_id=send.portal_id,
        project_id=send.project_id,
        ids=_ids(send, attempt),
        detail=_detail(send, attempt),
    )


def _ids(send: Send, attempt: Attempt) -> dict[str, str]:
    """The ids that lead on from here."""
    answer = send.answer if attempt.status == "sent" and isinstance(send.answer, Accepted) else None
    known = {
        "claim": send.key,
        "contact_id": send.contact_id,
        "trace_id": attempt.trace_id,
        "callback_id": None if send.step is None else send.step.callback_id,
        "workflow_id": None if send.workflow_id is None else str(send.workflow_id),
        "same_as": send.same_as,
        "message_id": None if answer is None else answer.message_id,
        "chat_id": None if answer is None else answer.lead_id,
    }
    return {name: value for name, value in known.items() if value is not None}


def _detail(send: Send, attempt: Attempt) -> str | None:
    """Why it ended so: the words that were answered, or those of the code."""
    if attempt.status == "refused" and isinstance(send.answer, Refused):
        return f"{send.answer.error} ({send.answer.code})"
    if attempt.code is None:
        return None
    words = REGISTRY[Code(attempt.code)].message if attempt.code in REGISTRY else "refused by Chert"
    return f"{words} ({attempt.code})"


def _held(step: Step) -> WhereStep:
    chat = {} if step.chat_id is None else {"chat_id": step.chat_id}
    return WhereStep(
        at=step.opened_at,
        service=SERVICE,
        what=step.state,
        portal_id=step.portal_id,
        project_id=step.chert_tenant,
        ids={"claim": step.key, "callback_id": step.plan.callback_id, "contact_id": step.contact_id, **chat},
        detail=f"HubSpot holds the step until we complete it; telling it has failed {step.tries} times",
    )


def _skipped(creation: SettledCreation) -> WhereStep:
    return WhereStep(
        at=creation.at,
        service=SERVICE,
        what="skipped",
        portal_id=creation.portal_id,
        ids={"claim": creation.key, "trace_id": creation.trace_id},
        detail=f"no template for this created contact: {creation.reason}",
    )


def _next(found: Found) -> Iterator[tuple[datetime, str]]:
    yield from ((step.due_at, _NEXT[step.state]) for step in found.steps)
    yield from ((send.parked_until, _NEXT["parked"]) for send in found.sends if send.parked_until is not None)
