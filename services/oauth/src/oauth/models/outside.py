"""What others tell of a project, an account, and what came with a message."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PhoneLine:
    """A line of a Chert project; the number is masked."""

    id: str
    phone_number: str
    active: bool


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """A HubSpot account as its people know it; `ui_domain` is the host of its pages."""

    portal_id: int
    name: str | None
    ui_domain: str | None
    account_type: str | None


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What Chert says of a file that came with a message.

    Attributes:
        content_type: in lower case, without parameters; nothing proves it right.
        size_bytes: none when it is not told.
        name: as the sender's phone named it; none when it is not told.
    """

    content_type: str
    size_bytes: int | None
    name: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file that is open; `pieces` can be read once."""

    facts: FileFacts
    pieces: AsyncIterator[bytes] = field(repr=False)
