"""Activity: the latest sends of an account, as an admin may see them: no texts, numbers masked."""

from datetime import datetime

from actions.models import Outgoing, Refused, Send
from actions.ports import CardOpenings, SendStore
from contracts.internal import SendActivity, SendActivityPage

SHOWN_DIGITS = 4


async def read_activity(
    portal_id: int, since: datetime, limit: int, *, sends: SendStore, openings: CardOpenings
) -> SendActivityPage:
    """The latest sends since a moment, newest first.

    Raises:
        StoreAwayError: the database does not answer.
    """
    found = await sends.latest(portal_id, since, limit)
    called = await sends.latest(portal_id, since, 1, source="workflow")
    return SendActivityPage(
        sends=tuple(_activity(send) for send in found),
        card_opened_at=await openings.last(portal_id),
        action_called_at=called[0].claimed_at if called else None,
    )


def _activity(send: Send) -> SendActivity:
    answer, last = send.answer, send.attempts[-1]
    refused = isinstance(answer, Refused)
    return SendActivity(
        at=send.claimed_at,
        project_id=send.project_id,
        source=send.source,
        contact_id=send.contact_id,
        phone=_masked(send.plan.phone) if isinstance(send.plan, Outgoing) else "",
        status="waiting" if answer is None else "refused" if refused else "sent",
        code=answer.code if isinstance(answer, Refused) else last.code if answer is None else None,
        words=answer.error if isinstance(answer, Refused) else "",
        trace_id=last.trace_id,
    )


def _masked(phone: str) -> str:
    return f"••• {phone[-SHOWN_DIGITS:]}"
