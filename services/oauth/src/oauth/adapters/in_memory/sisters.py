"""Chert and the sister services, in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from contracts.internal import InboundMessage, ReplyActivityPage, SendActivityPage
from oauth.errors import ActivityAwayError, AttachmentGoneError
from oauth.models import FileContent, FileFacts, PhoneLine


class InMemoryPhoneLines:
    """Lines, by project.

    Attributes:
        lines: of each project; one that is not there has none.
        trouble: raised in place of an answer.
        asked: how often.
    """

    def __init__(self) -> None:
        self.lines: dict[str, tuple[PhoneLine, ...]] = {}
        self.trouble: Exception | None = None
        self.asked = 0

    async def of(self, chert_tenant: str) -> tuple[PhoneLine, ...]:
        """Every line of a project."""
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble
        return self.lines.get(chert_tenant, ())


class InMemoryChertProjects:
    """Templates and subscriptions of projects.

    Attributes:
        templates: of each project; of one that is not there Chert does not tell.
        delivered: whether replies come to us.
        trouble: raised in place of an answer.
    """

    def __init__(self) -> None:
        self.templates: dict[str, str] = {}
        self.delivered = True
        self.trouble: Exception | None = None

    async def template(self, chert_tenant: str) -> str | None:
        """The project's own template."""
        if self.trouble is not None:
            raise self.trouble
        return self.templates.get(chert_tenant)

    async def delivers_replies(self, chert_tenant: str) -> bool:  # noqa: ARG002 - the platform's own serves all
        """Whether replies come to us."""
        if self.trouble is not None:
            raise self.trouble
        return self.delivered


class InMemoryActivity:
    """What both sisters did; a sister without a page cannot say.

    Attributes:
        sent: the answer of `actions`.
        received: the answer of `timeline`.
        asked: how often either was.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.sent: SendActivityPage | None = None
        self.received: ReplyActivityPage | None = None

    async def sends(self, portal_id: int, since: datetime, limit: int) -> SendActivityPage:
        """The latest sends, newest first.

        Raises:
            ActivityAwayError: there is no page.
        """
        self.asked += 1
        if self.sent is None:
            raise ActivityAwayError(str(portal_id))
        found = [send for send in self.sent.sends if send.at >= since]
        return self.sent.model_copy(update={"sends": tuple(found[:limit])})

    async def replies(self, portal_id: int, since: datetime, limit: int) -> ReplyActivityPage:
        """The latest replies, newest first.

        Raises:
            ActivityAwayError: there is no page.
        """
        self.asked += 1
        if self.received is None:
            raise ActivityAwayError(str(portal_id))
        found = [reply for reply in self.received.replies if reply.at >= since]
        return self.received.model_copy(update={"replies": tuple(found[:limit])})


class InMemoryChertFiles:
    """Files of projects.

    Attributes:
        files: what is said of each and what is in it, by project and attachment id.
        trouble: raised in place of a file.
        breaks: raised after the content.
        opened: how many files are open now.
    """

    def __init__(self) -> None:
        self.files: dict[tuple[str, str], tuple[FileFacts, bytes]] = {}
        self.trouble: Exception | None = None
        self.breaks: Exception | None = None
        self.opened = 0

    @asynccontextmanager
    async def open(self, chert_tenant: str, attachment_id: str) -> AsyncIterator[FileContent]:
        """A file of a project.

        Raises:
            AttachmentGoneError: there is no such file.
        """
        if self.trouble is not None:
            raise self.trouble
        if (chert_tenant, attachment_id) not in self.files:
            raise AttachmentGoneError
        facts, content = self.files[chert_tenant, attachment_id]
        self.opened += 1
        try:
            yield FileContent(facts, self._pieces(content))
        finally:
            self.opened -= 1

    async def _pieces(self, content: bytes) -> AsyncIterator[bytes]:
        yield content
        if self.breaks is not None:
            raise self.breaks


class InMemoryMessages:
    """Messages that came in.

    Attributes:
        messages: by project and id.
        trouble: raised in place of an answer.
    """

    def __init__(self) -> None:
        self.messages: dict[tuple[str, str], InboundMessage] = {}
        self.trouble: Exception | None = None

    async def read(self, chert_tenant: str, message_id: str) -> InboundMessage | None:
        """One of a project, if there is one."""
        if self.trouble is not None:
            raise self.trouble
        return self.messages.get((chert_tenant, message_id))
