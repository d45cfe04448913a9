"""A reply of the lead, whole: message, event, delivery."""

from collections.abc import Sequence

from simulators.chert.event_log import record_reply
from simulators.chert.models import Attachment, EnvelopeForm, Event, Message, SignatureForm, Tenant
from simulators.chert.sending import receive
from simulators.chert.simulator import ChertSimulator


def reply(
    chert: ChertSimulator,
    tenant: Tenant,
    phone: str,
    text: str | None,
    *,
    attachments: Sequence[Attachment] = (),
    envelope_form: EnvelopeForm = "modern",
    signature_form: SignatureForm = "modern",
) -> tuple[Event, Message]:
    """Takes what the lead wrote, writes its event to the log, then starts delivering it."""
    chat, message = receive(chert.state, tenant, phone, text, chert.clock.now(), attachments)
    event = record_reply(chert.state, tenant, chat, message, envelope_form=envelope_form, signature_form=signature_form)
    chert.webhooks.deliver(event, chert.state.subscriptions_of(tenant))
    return event, message
