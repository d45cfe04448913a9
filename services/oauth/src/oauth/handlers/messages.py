"""One message that came in, as whoever may see its project sees it; and the files that came with it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from contracts.internal import InboundMessage, MessageAtAccount
from oauth.errors import MessageNotFoundError
from oauth.handlers.accounts import portal_url
from oauth.handlers.activity import contact_url
from oauth.handlers.asking import GiveAccessToken, answered, details_of
from oauth.models import AccountDetails, FileContent, FileFacts, Installation, Project, Session
from oauth.ports import AccountDirectory, ChertFiles, InstallationStore, Messages

LOOKED_AT_ONCE: Final = 6
"""How many files of one message are asked about at the same time."""


@dataclass(frozen=True, slots=True)
class AtAccount:
    """How a message stands at one account.

    Attributes:
        told: as `timeline` tells it.
        installation: the account; none if it has left the project since, for then it is nobody's business here.
        contact_url: the contact in HubSpot; none when it is not known where that is.
    """

    told: MessageAtAccount
    installation: Installation | None
    contact_url: str | None


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message, for its page.

    Attributes:
        message_id: Chert's id of it.
        project: whose it is.
        message: as `timeline` keeps it.
        accounts: those of this project that were given it.
        files: what is known of each file by attachment id, or why nothing is.
    """

    message_id: str
    project: Project
    message: InboundMessage
    accounts: tuple[AtAccount, ...]
    files: Mapping[str, FileFacts | Exception]


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Whom to ask where an account's contacts are; `hubspot_origin` stands in for HubSpot in development."""

    installations: InstallationStore
    access_token: GiveAccessToken
    directory: AccountDirectory
    hubspot_origin: str | None


async def view_message(
    session: Session,
    chert_tenant: str,
    message_id: str,
    *,
    messages: Messages,
    files: ChertFiles,
    whereabouts: Whereabouts,
) -> MessageView:
    """Everything that a message's page shows; what others cannot say now is said to be unknown.

    Raises:
        MessageNotFoundError: the session may see no such message.
        MessagesAwayError: it cannot be found out now.
    """
    project, message = await _find(session, chert_tenant, message_id, messages)
    at_once = asyncio.Semaphore(LOOKED_AT_ONCE)

    async def facts(attachment_id: str) -> FileFacts:
        async with at_once, files.open(chert_tenant, attachment_id) as file:
            return file.facts

    known = attachment_ids(message)
    accounts, found = await asyncio.gather(
        asyncio.gather(*(_at_account(told, project, whereabouts) for told in message.accounts)),
        asyncio.gather(*(answered(facts(one)) for one in known)),
    )
    return MessageView(message_id, project, message, tuple(accounts), dict(zip(known, found, strict=True)))


@asynccontextmanager
async def open_file(
    session: Session, chert_tenant: str, message_id: str, number: int, *, messages: Messages, files: ChertFiles
) -> AsyncIterator[FileContent]:
    """The file of a message with this number, counted from 1, to be read while the block lasts.

    Raises:
        MessageNotFoundError: the session may see no such message, or it has no such file.
        MessagesAwayError: it cannot be found out now.
        AttachmentGoneError: Chert does not keep it any more.
        ProjectInactiveError, ChertAwayError: Chert does not give it now.
    """
    _, message = await _find(session, chert_tenant, message_id, messages)
    known = attachment_ids(message)
    if not 0 < number <= len(known):
        raise MessageNotFoundError
    async with files.open(chert_tenant, known[number - 1]) as file:
        yield file


def attachment_ids(message: InboundMessage) -> tuple[str, ...]:
    """Chert's ids of a message's files, in order and each once."""
    found = [part.attachment_id for part in message.parts if part.type == "media" and part.attachment_id is not None]
    return tuple(dict.fromkeys(found))


async def _find(
    session: Session, chert_tenant: str, message_id: str, messages: Messages
) -> tuple[Project, InboundMessage]:
    """A message with those accounts that were given it in a project of the session."""
    project = next((one for one in session.projects if one.chert_tenant == chert_tenant), None)
    message = None if project is None else await messages.read(chert_tenant, message_id)
    if project is None or message is None:
        raise MessageNotFoundError
    accounts = tuple(one for one in message.accounts if one.project_id == project.id)
    if not accounts:
        raise MessageNotFoundError
    return project, message.model_copy(update={"accounts": accounts})


async def _at_account(told: MessageAtAccount, project: Project, whereabouts: Whereabouts) -> AtAccount:
    installation = await whereabouts.installations.get(told.portal_id)
    if installation is None or installation.project_id != project.id:
        return AtAccount(told, None, None)
    if told.contact_id is None or installation.status != "active":
        return AtAccount(told, installation, None)
    details = await answered(details_of(installation, whereabouts.access_token, whereabouts.directory))
    known = details if isinstance(details, AccountDetails) else None
    return AtAccount(told, installation, contact_url(portal_url(known, whereabouts.hubspot_origin), told.contact_id))
