"""From a request to the send that it claims: which message it becomes, and what makes two requests the same."""

import hashlib
import json
from typing import Final

from actions.errors import UnsendableError
from actions.handlers.phones import usable_phone
from actions.handlers.rendering import render
from actions.models import Attempt, Contact, Lease, Outgoing, Refused, Send, SendRequest
from actions.ports import NumberHash
from contracts.messages import Source
from contracts.tenants import TenantSettings, TenantSnapshot

_MAX_NAME: Final = 200


def draft_send(
    request: SendRequest, tenant: TenantSnapshot, *, holder: str, begun: Attempt, number_hash: NumberHash
) -> Send:
    """The send as it is claimed, held by its holder."""
    planned = plan(request, tenant.settings)
    return Send(
        key=request.key,
        portal_id=request.portal_id,
        generation=tenant.generation,
        project_id=tenant.project_id,
        chert_tenant=tenant.chert_tenant,
        contact_id=request.contact.id,
        source=request.source,
        workflow_id=request.workflow_id,
        user_id=request.user_id,
        fingerprint=fingerprint(request),
        plan=planned,
        claimed_at=begun.at,
        lease=Lease(holder, fence=begun.fence, beat=1),
        attempts=(begun,),
        step=request.step,
        number_hash=number_hash(planned.phone) if isinstance(planned, Outgoing) else None,
    )


def plan(request: SendRequest, settings: TenantSettings) -> Outgoing | Refused:
    """The message that a request becomes, or why it cannot become one."""
    contact = request.contact
    try:
        return Outgoing(
            body=render(request.template, contact),
            phone=usable_phone(contact, settings.default_region),
            name=_name(contact),
            external_id=contact.id,
            phone_line_id=_line(request, settings),
        )
    except UnsendableError as error:
        return Refused(code=int(error.code), error=error.words)


def fingerprint(request: SendRequest) -> str:
    """What makes two requests the same.

    A workflow's names message, contact and its numbers. A person's says nothing of numbers, which are read anew for
    each repeat; there, who asks counts. A created contact's is the contact alone.
    """
    contact, line, step = request.contact, request.line, request.step
    by_source: dict[Source, list[object]] = {
        "workflow": [request.template, contact.id, contact.phone, contact.mobilephone],
        "card": [request.template, contact.id, request.user_id],
        "contact_creation": [contact.id],
    }
    told = by_source[request.source]
    told += [] if line is None else [line.phone_line_id]
    told += [] if step is None else [step.if_not_now, step.wait_days, step.reply_days]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _line(request: SendRequest, settings: TenantSettings) -> str | None:
    """The line that was asked for, else the account's; none leaves it to Chert: the recipient's own, or any."""
    return settings.phone_line_id if request.line is None else request.line.phone_line_id


def _name(contact: Contact) -> str | None:
    name = f"{contact.firstname} {contact.lastname}".strip()
    return name[:_MAX_NAME] or None
