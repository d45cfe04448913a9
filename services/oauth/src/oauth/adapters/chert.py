"""Chert, by the client library: a project's lines and template, whether its replies come to us, and files in them."""

from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final
from urllib.parse import urlsplit

import chert_client
from chassis.clock import Clock
from chassis.settings import NotLoadedError
from chert_client import ChertClient
from oauth.errors import AttachmentGoneError, ChertAwayError, ProjectInactiveError
from oauth.models import FileContent, FileFacts, PhoneLine

FRESH_SECONDS: Final = 5.0
"""How long an answer is good: one page and the saving of its form ask once."""

REMEMBERED: Final = 1000

FILES_AT_ONCE: Final = 16
"""How many files of one project are read at the same time: several pages full of photos, and no more than that."""

SHOWN_DIGITS: Final = 4

REPLY: Final = "message.received"
"""The event that a reply is."""

WEBHOOK_PATH: Final = "/api/chert/webhook"
"""Where `webhooks` takes Chert's deliveries."""


class ChertPhoneLines:
    """The lines of projects, with a short memory."""

    def __init__(self, client: ChertClient, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._known: OrderedDict[str, tuple[tuple[PhoneLine, ...], float]] = OrderedDict()

    async def of(self, chert_tenant: str) -> tuple[PhoneLine, ...]:
        """Every line of a project.

        Raises:
            ProjectInactiveError: Chert does not serve this project.
            ChertAwayError: Chert cannot be asked now.
        """
        known = self._known.get(chert_tenant)
        if known is not None and self._clock.monotonic() - known[1] < FRESH_SECONDS:
            return known[0]
        lines = await self._ask(chert_tenant)
        self._known[chert_tenant] = (lines, self._clock.monotonic())
        self._known.move_to_end(chert_tenant)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return lines

    async def _ask(self, chert_tenant: str) -> tuple[PhoneLine, ...]:
        with _translated():
            found = await self._client.phone_numbers(chert_tenant)
        return tuple(PhoneLine(line.id, masked(line.phone_number), line.is_active) for line in found)


class ChertProjectFacts:
    """What else Chert knows of projects."""

    def __init__(self, client: ChertClient) -> None:
        self._client = client

    async def template(self, chert_tenant: str) -> str | None:
        """The project's own message template; none when Chert does not tell, for it publishes no route for that.

        Raises:
            ProjectInactiveError: Chert does not serve this project.
            ChertAwayError: Chert cannot be asked now.
        """
        with _translated():
            try:
                return (await self._client.unpublished.campaign(chert_tenant)).template
            except chert_client.NotFoundError:
                return None

    async def delivers_replies(self, chert_tenant: str) -> bool:
        """Whether a webhook subscription that is active delivers the project's replies to us.

        Ours is told by its path alone: behind a proxy Chert may know us under another host.

        Raises:
            ProjectInactiveError: Chert does not serve this project.
            ChertAwayError: Chert cannot be asked now.
        """
        with _translated():
            found = await self._client.webhook_subscriptions(chert_tenant)
        return any(
            one.is_active and (not one.events or REPLY in one.events) and urlsplit(one.url).path == WEBHOOK_PATH
            for one in found
        )


class ChertFileContents:
    """What came with messages, piece by piece; a project that reads many files at once slows itself alone."""

    def __init__(self, client: ChertClient) -> None:
        self._client = client
        self._open: Counter[str] = Counter()

    @asynccontextmanager
    async def open(self, chert_tenant: str, attachment_id: str) -> AsyncIterator[FileContent]:
        """A file of a project, to be read while the block lasts.

        Raises:
            AttachmentGoneError: Chert has no such file, or has it no longer.
            ProjectInactiveError: Chert does not serve this project.
            ChertAwayError: Chert cannot be asked now, also while the content is read, or too many are open already.
        """
        with _translated(), self._one_more(chert_tenant):
            try:
                async with self._client.attachment(chert_tenant, attachment_id) as found:
                    facts = FileFacts(found.content_type, found.size_bytes, found.filename)
                    yield FileContent(facts, found.content)
            except chert_client.NotFoundError as error:
                raise AttachmentGoneError from error

    @contextmanager
    def _one_more(self, chert_tenant: str) -> Iterator[None]:
        if self._open[chert_tenant] >= FILES_AT_ONCE:
            raise ChertAwayError("too many files at once")
        self._open[chert_tenant] += 1
        try:
            yield
        finally:
            self._open[chert_tenant] -= 1
            if not self._open[chert_tenant]:
                del self._open[chert_tenant]


@contextmanager
def _translated() -> Iterator[None]:
    """Raise Chert's errors as ours; only a refusal of the project says something of the project.

    Raises:
        ProjectInactiveError, ChertAwayError: by kind.
    """
    try:
        yield
    except (chert_client.NotFoundError, chert_client.ForbiddenError, chert_client.AccountLimitError) as error:
        raise ProjectInactiveError(type(error).__name__) from error
    except (chert_client.ChertError, NotLoadedError) as error:
        raise ChertAwayError(type(error).__name__) from error


def masked(phone_number: str) -> str:
    """A number of which only the end can be read."""
    return f"••• {phone_number[-SHOWN_DIGITS:]}"
