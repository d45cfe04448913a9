"""What the card shows of a contact: one contact read, then everything that can be asked side by side."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from actions.handlers.card.senders import shown_messages
from actions.handlers.opt_outs import OPTED_OUT
from actions.handlers.phones import NO_USABLE_PHONE, find_phone
from actions.handlers.tenants import active_tenant
from actions.handlers.words import words_for_no_phone, words_for_rep
from actions.models import (
    Author,
    CardContext,
    ChatHistory,
    Composer,
    Contact,
    NumberChat,
    PhoneLine,
    ShownContact,
    ShownConversation,
    ShownSettings,
    ShownStatus,
    Viewer,
)
from actions.ports import (
    AuthorStore,
    CardOpenings,
    ContactReader,
    ContactSchema,
    ConversationStore,
    Facts,
    NumberHash,
    TenantAuthority,
    TenantStore,
    WishStore,
)
from contracts.console import message_page
from contracts.failures import Code
from contracts.tenants import TenantSettings, TenantSnapshot

FACT_SECONDS: Final = 3.0
"""The longest the card waits for something that it can do without; HubSpot gives the whole answer 15 s."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Chat:
    """Where the conversation is: its id, and the line it was last written from."""

    chat_id: str | None
    phone_line_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class ShowCard:
    """Puts together what the card shows.

    Attributes:
        tenants: the projection.
        authority: asked before anyone is told "unknown".
        contacts: HubSpot's contacts.
        schema: which phone properties the account has.
        conversations: which chat belongs to whom.
        authors: who caused which message.
        wishes: who wants no messages.
        number_hash: how numbers are remembered.
        facts: what Chert tells.
        openings: when the card was last opened.
        public_base_url: where the console is.
    """

    tenants: TenantStore
    authority: TenantAuthority
    contacts: ContactReader
    schema: ContactSchema
    conversations: ConversationStore
    authors: AuthorStore
    wishes: WishStore
    number_hash: NumberHash
    facts: Facts
    openings: CardOpenings
    public_base_url: str

    async def __call__(self, viewer: Viewer, contact_id: str) -> CardContext:
        """Everything about one contact.

        Raises:
            NeverSentError: the account is not connected, or the contact cannot be had.
            PostponedError: something that the card cannot do without does not answer.
        """
        tenant = await active_tenant(viewer.portal_id, tenants=self.tenants, authority=self.authority)
        await self.openings.note(viewer.portal_id)
        contact = await self.contacts.recent(viewer.portal_id, contact_id)
        found = find_phone(contact, tenant.settings.default_region)
        phone, phone_property = found or (None, None)
        chat = await self._chat(tenant, contact, phone)
        conversation, composer, status = await asyncio.gather(
            self._conversation(tenant, viewer, chat),
            self._composer(tenant, contact, phone),
            self._status(tenant, chat),
        )
        return CardContext(
            contact=ShownContact(contact.id, _name(contact), phone, phone_property),
            composer=_with_first_message(composer, conversation),
            conversation=conversation,
            status=status,
            settings=_settings(tenant.settings),
        )

    async def _chat(self, tenant: TenantSnapshot, contact: Contact, phone: str | None) -> _Chat:
        """The chat with the contact's number; else, of a chat that began otherwise, the one linked to the contact."""
        if phone is not None:
            known = await self._chat_of_number(tenant.chert_tenant, phone)
            if known is not None:
                return known
        linked = await self.conversations.of_contact(tenant.portal_id, tenant.chert_tenant, contact.id)
        return _Chat(linked)

    async def _chat_of_number(self, chert_tenant: str, phone: str) -> _Chat | None:
        number = self.number_hash(phone)
        known = await self.conversations.of_number(chert_tenant, number)
        if known is not None:
            return _Chat(known.chat_id, known.phone_line_id)
        told = await _soon(self.facts.chat_of(chert_tenant, phone), None)
        if told is None:
            return None
        await self.conversations.learn([NumberChat(chert_tenant, number, told)])
        return _Chat(told)

    async def _conversation(self, tenant: TenantSnapshot, viewer: Viewer, chat: _Chat) -> ShownConversation:
        if chat.chat_id is None:
            return ShownConversation(available=True, chat_id=None)
        history = await _soon(self.facts.history(tenant.chert_tenant, chat.chat_id), None)
        if history is None:
            return ShownConversation(available=False, chat_id=chat.chat_id)
        page_of = partial(self._page, tenant.chert_tenant)
        messages = shown_messages(history.messages, await self._authors(tenant, history), viewer, page_of)
        return ShownConversation(True, chat.chat_id, messages, history.has_more)

    def _page(self, chert_tenant: str, message_id: str) -> str:
        return f"{self.public_base_url}{message_page(chert_tenant, message_id)}"

    async def _authors(self, tenant: TenantSnapshot, history: ChatHistory) -> Mapping[str, Author]:
        outbound = [message.id for message in history.messages if not message.inbound]
        return await self.authors.of(tenant.chert_tenant, outbound)

    async def _composer(self, tenant: TenantSnapshot, contact: Contact, phone: str | None) -> Composer:
        if phone is None:
            words = await self._no_phone(tenant.portal_id, contact)
            return Composer((int(Code.NO_USABLE_PHONE), NO_USABLE_PHONE), words, None, None)
        since = await self.wishes.opted_out_since(tenant.chert_tenant, self.number_hash(phone))
        if since is None:
            return Composer(None, None, None, None)
        refusal = OPTED_OUT.code, OPTED_OUT.error
        return Composer(refusal, words_for_rep(*refusal), since, None)

    async def _no_phone(self, portal_id: int, contact: Contact) -> str:
        missing = await _soon(self.schema.missing_phone_properties(portal_id), frozenset[str]())
        values = {"phone": contact.phone, "mobilephone": contact.mobilephone}
        return words_for_no_phone({name for name, value in values.items() if not value.strip()}, missing)

    async def _status(self, tenant: TenantSnapshot, chat: _Chat) -> ShownStatus:
        lines, (known, at) = await asyncio.gather(
            _soon(self.facts.lines(tenant.chert_tenant), None), self._next_send(tenant, chat)
        )
        line_id = tenant.settings.phone_line_id or chat.phone_line_id
        return ShownStatus(_line(lines, line_id), at, known)

    async def _next_send(self, tenant: TenantSnapshot, chat: _Chat) -> tuple[bool, datetime | None]:
        if chat.chat_id is None:
            return False, None
        return await _soon(self.facts.next_send(tenant.chert_tenant, chat.chat_id), (False, None))


async def _soon(asking: Awaitable[T], otherwise: T) -> T:
    """The answer, or something else when it does not come soon."""
    try:
        async with asyncio.timeout(FACT_SECONDS):
            return await asking
    except TimeoutError:
        return otherwise


def _with_first_message(composer: Composer, conversation: ShownConversation) -> Composer:
    """A chat without messages is about to get its first."""
    return replace(composer, first_message=not conversation.messages if conversation.available else None)


def _line(lines: Sequence[PhoneLine] | None, line_id: str | None) -> PhoneLine | None:
    return next((line for line in lines or () if line.id == line_id), None)


def _name(contact: Contact) -> str | None:
    return f"{contact.firstname} {contact.lastname}".strip() or None


def _settings(settings: TenantSettings) -> ShownSettings:
    return ShownSettings(
        phone_line_id=settings.phone_line_id,
        default_region=settings.default_region,
        auto_create_leads=settings.auto_create_leads,
        auto_send_on_create=settings.auto_send_on_create,
        log_sent_messages=settings.log_sent_messages,
    )
