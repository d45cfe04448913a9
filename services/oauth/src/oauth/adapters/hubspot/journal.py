"""HubSpot's webhooks journal, by the client library."""

from typing import Final

from hubspot_client import APP_UNINSTALLED, JournalClient, JournalPageUnreadableError
from oauth.adapters.hubspot.errors import translated
from oauth.models import JournalEvent, JournalPage

TRIES: Final = 3
"""How often a page that cannot be read is asked for, before it is passed over."""


class HubSpotJournal:
    """The journal of one app, as far as it tells of uninstalls."""

    def __init__(self, client: JournalClient) -> None:
        self._client = client
        self._failures = 0

    async def subscribe(self) -> None:
        """Have uninstalls written there.

        Raises:
            HubSpotError: that could not be arranged.
        """
        with translated():
            await self._client.subscribe_uninstalls()

    async def next(self, offset: str | None) -> JournalPage | None:
        """The page after an offset, or the earliest there is; none when nothing is newer.

        Raises:
            JournalOffsetLostError: HubSpot no longer has what follows the offset.
            HubSpotError: it cannot be read.
        """
        with translated():
            try:
                page = await self._client.next(offset)
            except JournalPageUnreadableError as error:
                self._failures += 1
                if self._failures < TRIES:
                    raise
                self._failures = 0
                return JournalPage(error.offset, (), complete=False)
        self._failures = 0
        if page is None:
            return None
        uninstalls = tuple(
            JournalEvent(event.portal_id, event.app_id, event.occurred_at)
            for event in page.events
            if event.event_type_id == APP_UNINSTALLED
        )
        return JournalPage(page.offset, uninstalls, complete=True)
