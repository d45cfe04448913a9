"""HubSpot's errors become ours, by a table."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import hubspot_client
from oauth.errors import (
    AccessTokenRefusedError,
    AppRejectedError,
    CodeRejectedError,
    GrantRevokedError,
    HubSpotAwayError,
    HubSpotError,
    JournalOffsetLostError,
)

_ERRORS: Final[dict[type[hubspot_client.HubSpotError], type[HubSpotError]]] = {
    hubspot_client.CodeRejectedError: CodeRejectedError,
    hubspot_client.GrantRevokedError: GrantRevokedError,
    hubspot_client.AppRejectedError: AppRejectedError,
    hubspot_client.AccessTokenExpiredError: AccessTokenRefusedError,
    hubspot_client.AccessTokenInvalidError: AccessTokenRefusedError,
    hubspot_client.JournalOffsetLostError: JournalOffsetLostError,
}
"""The refusals that say something; everything else says nothing about us or the account, so it is temporary."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise HubSpot's errors as ours.

    Raises:
        HubSpotError: any leaf.
    """
    try:
        yield
    except hubspot_client.HubSpotError as error:
        kind = _ERRORS.get(type(error))
        if kind is None:
            raise HubSpotAwayError(str(error), retry_after_seconds=error.retry_after_seconds) from error
        raise kind(str(error)) from error
