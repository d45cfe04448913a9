"""Chert, and the sister services."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from contracts.internal import InboundMessage, ReplyActivityPage, SendActivityPage
from oauth.models import FileContent, PhoneLine


class PhoneLines(Protocol):
    """The lines of a Chert project."""

    async def of(self, chert_tenant: str) -> tuple[PhoneLine, ...]:
        """Every line of it.

        Raises:
            ProjectInactiveError: Chert does not serve this project.
            ChertAwayError: Chert cannot be asked now.
        """
        ...


class ChertProjects(Protocol):
    """What else Chert knows of a project."""

    async def template(self, chert_tenant: str) -> str | None:
        """The project's own message template; none when Chert does not tell.

        Raises:
            ProjectInactiveError: Chert does not serve this project.
            ChertAwayError: Chert cannot be asked now.
        """
        ...

    async def delivers_replies(self, chert_tenant: str) -> bool:
        """Whether a webhook subscription that is active delivers the project's replies to us.

        Raises:
            ProjectInactiveError: Chert does not serve this project.
            ChertAwayError: Chert cannot be asked now.
        """
        ...


class ChertFiles(Protocol):
    """What came with messages, as Chert keeps it."""

    def open(self, chert_tenant: str, attachment_id: str) -> AbstractAsyncContextManager[FileContent]:
        """A file of a project, to be read while the block lasts.

        Raises:
            AttachmentGoneError: Chert has no such file, or has it no longer.
            ProjectInactiveError: Chert does not serve this project.
            ChertAwayError: Chert cannot be asked now; also while the content is read.
        """
        ...


class Messages(Protocol):
    """Messages that came in, as `timeline` keeps them."""

    async def read(self, chert_tenant: str, message_id: str) -> InboundMessage | None:
        """One of a project, if accounts were given it.

        Raises:
            MessagesAwayError: `timeline` cannot be asked now.
        """
        ...


class ActivityReader(Protocol):
    """What sister services did for an account."""

    async def sends(self, portal_id: int, since: datetime, limit: int) -> SendActivityPage:
        """The latest sends, newest first.

        Raises:
            ActivityAwayError: `actions` cannot say.
        """
        ...

    async def replies(self, portal_id: int, since: datetime, limit: int) -> ReplyActivityPage:
        """The latest replies, newest first.

        Raises:
            ActivityAwayError: `timeline` cannot say, or does not serve this yet.
        """
        ...
