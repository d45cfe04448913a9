"""The webhooks journal: what happened to the app's installs, page by page, for three days (contract 3.3).

The contract does not say how an offset is refused that is unknown or too old; here it is 404 for both.
"""

import itertools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from simulators.clock import Clock
from simulators.hubspot.errors import ApiError, Json, object_not_found

APP_INSTALLED = "4-1909196"
APP_UNINSTALLED = "4-1916193"
ACTIONS = {APP_INSTALLED: "APP_INSTALL", APP_UNINSTALLED: "APP_UNINSTALL"}

RETENTION_SECONDS = 3 * 86_400
# When there are more, the oldest go before their time.
MAX_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class Subscription:
    """One kind of event that is written down."""

    subscription_id: int
    event_type_id: str
    created_at: float


@dataclass(frozen=True, slots=True)
class Page:
    """Events that were published together."""

    offset: str
    published_at: float
    events: tuple[object, ...]

    def file(self) -> Json:
        """The page as its file holds it."""
        published_at = int(self.published_at * 1000)
        return {"offset": self.offset, "publishedAt": published_at, "journalEvents": list(self.events)}


class Journal:
    """The journal of the one app."""

    def __init__(self, app_id: int, clock: Clock) -> None:
        self._app_id = app_id
        self._clock = clock
        self._pages: dict[str, Page] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self._subscription_ids = itertools.count(1)

    def clear(self) -> None:
        """Forget every page and every subscription."""
        self._pages.clear()
        self._subscriptions.clear()

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """What is written down."""
        return tuple(self._subscriptions.values())

    @property
    def pages(self) -> tuple[Page, ...]:
        """The pages that are kept, oldest first."""
        self._forget_old()
        return tuple(self._pages.values())

    def subscribe(self, event_type_id: str) -> Subscription:
        """Have a kind of event written down from now on.

        Raises:
            ApiError: It is already (409).
        """
        if event_type_id in self._subscriptions:
            raise ApiError(409, "CONFLICT", "A subscription for this event type exists")
        subscription = Subscription(next(self._subscription_ids), event_type_id, self._clock.now())
        self._subscriptions[event_type_id] = subscription
        return subscription

    def unsubscribe_all(self) -> None:
        """Write nothing down any more; the pages stay."""
        self._subscriptions.clear()

    def record(self, portal_id: int, event_type_id: str) -> None:
        """Write down what happened to the app in an account, if that is subscribed."""
        if event_type_id in self._subscriptions:
            self.publish([self._event(portal_id, event_type_id)])

    def publish(self, events: Sequence[object]) -> Page:
        """Append a page of events as given."""
        page = Page(str(uuid.uuid4()), self._clock.now(), tuple(events))
        self._pages[page.offset] = page
        self._forget_old()
        return page

    def earliest(self) -> Page | None:
        """The oldest page that is kept."""
        return next(iter(self.pages), None)

    def latest(self) -> Page | None:
        """The newest page."""
        return next(reversed(self.pages), None)

    def after(self, offset: str) -> Page | None:
        """The page after that of an offset.

        Raises:
            ApiError: No page has this offset, or none any more (404).
        """
        pages = iter(self.pages)
        for page in pages:
            if page.offset == offset:
                return next(pages, None)
        raise object_not_found()

    def find(self, offset: str) -> Page:
        """A page by its offset.

        Raises:
            ApiError: There is none, or none any more (404).
        """
        self._forget_old()
        if offset not in self._pages:
            raise object_not_found()
        return self._pages[offset]

    def _event(self, portal_id: int, event_type_id: str) -> Json:
        return {
            "type": "app_lifecycle_event",
            "action": ACTIONS[event_type_id],
            "portalId": portal_id,
            "occurredAt": int(self._clock.now() * 1000),
            "eventTypeId": event_type_id,
            "properties": {"hs_app_id": str(self._app_id), "hs_app_install_level": "PORTAL"},
        }

    def _forget_old(self) -> None:
        kept_since = self._clock.now() - RETENTION_SECONDS
        while self._pages:
            oldest = next(iter(self._pages.values()))
            if oldest.published_at > kept_since and len(self._pages) <= MAX_PAGES:
                break
            del self._pages[oldest.offset]
