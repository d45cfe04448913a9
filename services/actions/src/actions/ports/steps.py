"""Workflow steps that HubSpot holds, and the way to complete them."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Protocol

from actions.models import Reply, Step


class StepStore(Protocol):
    """The steps, open ones apart from finished ones. Every method raises `StoreAwayError` while the database is away.

    Each write that got no answer can be made again.
    """

    async def open(self, step: Step) -> None:
        """Keep a step, unless its key has one already; its replies are watched for from now on."""
        ...

    async def find(self, key: str) -> Step | None:
        """The open step of a send."""
        ...

    async def find_all(self, keys: Sequence[str]) -> Sequence[Step]:
        """The open steps of sends, in no order; most have none."""
        ...

    async def finished(self, key: str) -> Reply | None:
        """What came of waiting for a reply, of a finished step that waited for one."""
        ...

    async def due(self, now: datetime, limit: int) -> Sequence[Step]:
        """Open steps that somebody has to look at, longest due first."""
        ...

    async def watching(self, chats: AbstractSet[tuple[str, str]]) -> Sequence[Step]:
        """Steps that wait for a reply in one of these conversations, each named by its Chert tenant and chat id."""
        ...

    async def change(self, seen: Step, changed: Step) -> Step | None:
        """Change a step that is still as it was seen, and watch where it says; none when it is not.

        The result is the step in its new turn.
        """
        ...

    async def finish(self, step: Step) -> None:
        """Close a step for good."""
        ...

    async def erase(self, portal_id: int, contact_id: str) -> None:
        """Remove what a contact wrote; the steps themselves stay."""
        ...

    async def purge(self, portal_id: int, before: datetime) -> int:
        """Remove what was written before then from an account's finished steps; from how many that was."""
        ...


class WorkflowCallbacks(Protocol):
    """HubSpot's steps that wait for us."""

    async def complete(self, portal_id: int, outputs: Mapping[str, Mapping[str, str]]) -> AbstractSet[str]:
        """Complete steps of one account, each with its outputs by callback id; those that HubSpot waits for no more.

        Safe to repeat: a step that is over already is one that HubSpot waits for no more.

        Raises:
            UnknownTenantError: the account is not connected.
            CallbacksAwayError: none or only some could be completed now.
        """
        ...


class Conversations(Protocol):
    """Chert's side of a conversation, where a wrong answer would send twice: what is not known is an error."""

    async def chat_with(self, chert_tenant: str, phone: str) -> str | None:
        """The chat with a number in E.164; none when there certainly is none.

        Raises:
            NotToldError: Chert does not tell, or cannot be asked now.
        """
        ...

    async def sent_in(self, chert_tenant: str, chat_id: str, body: str, since: datetime) -> Sequence[str]:
        """Ids of messages with this text that went out in a chat since a moment, oldest first.

        Raises:
            NotToldError: Chert does not tell, or cannot be asked now.
        """
        ...

    async def reply_in(self, chert_tenant: str, chat_id: str, since: datetime) -> Reply | None:
        """The first message that came in since a moment.

        Raises:
            NotToldError: Chert does not tell, or cannot be asked now.
        """
        ...
