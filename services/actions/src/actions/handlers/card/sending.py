"""Sending from the card: the contact is read anew, then it is a send like any other."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from actions.handlers.planning import fingerprint
from actions.handlers.tenants import active_tenant
from actions.models import Answer, CardMessage, Contact, SendRequest, Viewer
from actions.ports import ContactReader, SendStore, TenantAuthority, TenantStore

Send = Callable[[SendRequest], Awaitable[Answer]]
"""The use case of sending one message once."""


@dataclass(frozen=True, kw_only=True)
class SendFromCard:
    """Sends what a rep wrote.

    Attributes:
        tenants: the projection.
        authority: asked before anyone is told "unknown".
        contacts: HubSpot's contacts.
        sends: what was answered before.
        send: sends once.
    """

    tenants: TenantStore
    authority: TenantAuthority
    contacts: ContactReader
    sends: SendStore
    send: Send

    async def __call__(self, viewer: Viewer, message: CardMessage) -> Answer:
        """The final answer, the same for each repeat.

        Raises:
            NeverSentError: the account is not connected, the contact cannot be had, or the id was used before.
            PostponedError: nothing final is known.
        """
        request = _request(viewer, message)
        earlier = await self.sends.find(request.key)
        if earlier is not None and earlier.answer is not None and earlier.came_from(fingerprint(request)):
            return Answer(earlier.answer, duplicate=True)  # a repeat needs nothing from HubSpot
        await active_tenant(viewer.portal_id, tenants=self.tenants, authority=self.authority)
        contact = await self.contacts.read(viewer.portal_id, message.contact_id)
        return await self.send(replace(request, contact=contact))


def _request(viewer: Viewer, message: CardMessage) -> SendRequest:
    return SendRequest(
        key=f"card:{viewer.portal_id}:{message.client_message_id}",
        portal_id=viewer.portal_id,
        contact=Contact(message.contact_id),
        source="card",
        template=message.text,
        user_id=viewer.user_id,
    )
