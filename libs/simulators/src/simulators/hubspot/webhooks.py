"""What the app is told: contact events it subscribed to, and, as a switch, that it was uninstalled (contract 3)."""

import itertools

from simulators.clock import Clock
from simulators.hubspot.deliveries import Delivery, DeliverySender
from simulators.hubspot.errors import Json
from simulators.hubspot.models import App, Contact, Portal, Subscription

CONTACT_OBJECT_TYPE = "0-1"
WEBHOOK_PATH = "/api/hubspot/webhook"
UNINSTALL_PATH = "/api/hubspot/uninstall"
UNINSTALLED = "app.uninstalled"
CREATION = "object.creation"
PROPERTY_CHANGE = "object.propertyChange"
# HubSpot has no such subscription; the number only fills the member.
UNINSTALL_SUBSCRIPTION_ID = 1
FIRST_EVENT_ID = 100


class Webhooks:
    """Turns what happens in an account into events, for an app that is installed there and subscribed to them."""

    def __init__(self, app: App, target_base_url: str, sender: DeliverySender, clock: Clock) -> None:
        self._app = app
        self._target = target_base_url
        self._sender = sender
        self._clock = clock
        self._event_ids = itertools.count(FIRST_EVENT_ID)

    def send(self, portal_id: int, events: list[object]) -> list[Delivery]:
        """Deliver events exactly as given."""
        return self._sender.send(portal_id, self._target + WEBHOOK_PATH, events)

    def contact_created(self, portal: Portal, contact: Contact, change_source: str) -> None:
        """Tell the app of a new contact."""
        events = [
            self._contact_event(portal, contact, subscription, change_source) | {"changeFlag": "NEW"}
            for subscription in self._subscriptions(portal, CREATION)
        ]
        self.send(portal.portal_id, [*events])

    def properties_changed(self, portal: Portal, contact: Contact, changes: dict[str, str], change_source: str) -> None:
        """Tell the app of each changed property that it subscribed to."""
        events = [
            self._contact_event(portal, contact, subscription, change_source)
            | {"propertyName": name, "propertyValue": changes[name]}
            for subscription in self._subscriptions(portal, PROPERTY_CHANGE)
            if (name := subscription.property_name) in changes and name is not None
        ]
        self.send(portal.portal_id, [*events])

    def uninstalled(self, portal: Portal) -> Delivery:
        """Push that the app was removed from an account."""
        event = self._event(portal, UNINSTALL_SUBSCRIPTION_ID, UNINSTALLED)
        return self._sender.send(portal.portal_id, self._target + UNINSTALL_PATH, [event])[0]

    def _subscriptions(self, portal: Portal, subscription_type: str) -> list[Subscription]:
        if portal.install is None:
            return []
        return [found for found in self._app.subscriptions if found.subscription_type == subscription_type]

    def _contact_event(self, portal: Portal, contact: Contact, subscription: Subscription, change_source: str) -> Json:
        event = self._event(portal, subscription.subscription_id, subscription.subscription_type)
        return event | {
            "objectId": int(contact.contact_id),
            "objectTypeId": CONTACT_OBJECT_TYPE,
            "changeSource": change_source,
            "sourceId": f"userId:{portal.user_id}",
        }

    def _event(self, portal: Portal, subscription_id: int, subscription_type: str) -> Json:
        return {
            "eventId": next(self._event_ids),
            "subscriptionId": subscription_id,
            "portalId": portal.portal_id,
            "appId": self._app.app_id,
            "occurredAt": int(self._clock.now() * 1000),
            "subscriptionType": subscription_type,
            "attemptNumber": 0,
        }
