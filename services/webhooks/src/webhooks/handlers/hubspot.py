"""Deliveries from HubSpot: arrays of events (hubspot-contract.md, section 3.2).

Event ids are made of what happened, so that the same event, delivered again or by a second subscription, has the same.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from chassis.clock import Clock
from chassis.tracing import Trace
from contracts import topics
from webhooks.handlers.intake import tell
from webhooks.handlers.moments import moment
from webhooks.handlers.records import Template
from webhooks.handlers.rejections import reason_of, reject
from webhooks.handlers.splitting import elements
from webhooks.models.deliveries import Delivery, Ignored, Record, Understood
from webhooks.models.facts import AppUninstalledFact, ContactFact, ContactMergedFact, ContactUpdatedFact
from webhooks.models.hubspot import CONTACT_OBJECT_TYPE, MAX_EVENTS, HubSpotEvent
from webhooks.ports import Admission, Done, Publisher, Verifier

_EVENT: Final = msgspec.json.Decoder(HubSpotEvent)
_EVENTS: Final = msgspec.json.Decoder(list[HubSpotEvent])
_PHONE_PROPERTIES: Final = frozenset({"phone", "mobilephone"})
_CONTACT_IDS: Final = 10**20  # at most twenty digits, as `contracts.contacts.ContactId`
_MERGED: Final = range(1, 251)  # how many, as `contracts.contacts.ContactMerged`

_CREATED = Template(topics.CONTACT_CREATED)
_UPDATED = Template(topics.CONTACT_UPDATED)
_MERGED_INTO = Template(topics.CONTACT_MERGED)
_UNINSTALLED = Template(topics.APP_UNINSTALLED)


class _BrokenEventError(ValueError):
    """A rule that the types of an event's members cannot say."""


def receive_hubspot_delivery(
    delivery: Delivery, done: Done, *, verifier: Verifier, publisher: Publisher, admission: Admission, clock: Clock
) -> None:
    """Verify a delivery, publish its events, and call `done` once they are durable, or when that takes too long.

    One bad event never fails its batch: HubSpot would send the whole batch again, ten times.

    Raises:
        UnauthenticDeliveryError: the signature does not hold.
        UnreadableDeliveryError: the body is not an array of at most 100 events.
        OverloadedError: too much is in flight.
        NotStoredError: nothing can be stored now.
    """
    verifier.verify(delivery)
    understood = _all_right(delivery) or _each_by_itself(delivery, clock)
    tell(understood, len(delivery.body), publisher=publisher, admission=admission, done=done)


def _all_right(delivery: Delivery) -> list[Understood]:
    """What all events amount to, read in one go; none if there is anything wrong with any of them, or are none."""
    try:
        events = _EVENTS.decode(delivery.body)
        return [_meaning(event, delivery.trace) for event in events] if len(events) <= MAX_EVENTS else []
    except (msgspec.DecodeError, RecursionError, OverflowError, ValueError):
        return []


def _each_by_itself(delivery: Delivery, clock: Clock) -> list[Understood]:
    return [_understand(raw, delivery.trace, clock) for raw in elements(delivery.body, MAX_EVENTS)]


def _understand(raw: msgspec.Raw, trace: Trace, clock: Clock) -> Understood:
    try:
        return _meaning(_EVENT.decode(raw), trace)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return reject("hubspot", "portalId", bytes(raw), reason_of(error), clock.now(), trace)
    except OverflowError:
        return reject("hubspot", "portalId", bytes(raw), "occurredAt: out of range", clock.now(), trace)
    except ValueError as error:  # ours, or a number with more digits than Python writes
        reason = str(error) if isinstance(error, _BrokenEventError) else "a number is out of range"
        return reject("hubspot", "portalId", bytes(raw), reason, clock.now(), trace)


def _meaning(event: HubSpotEvent, trace: Trace) -> Understood:
    meaning = _MEANINGS.get(event.subscription_type)
    if meaning is None or not (event.object_type_id == CONTACT_OBJECT_TYPE or _is_of_contact(event)):
        return Ignored(event.subscription_type)
    return meaning(event, trace)


def _is_of_contact(event: HubSpotEvent) -> bool:
    """Whether an event without a contact's object type is about one: the `contact.` form says so by its names."""
    if event.object_type_id is None and event.subscription_type.startswith("object."):
        raise _BrokenEventError("objectTypeId is missing")
    return event.object_type_id is None


_Meaning = Callable[[HubSpotEvent, Trace], Understood]


def _once(template: Template, event: HubSpotEvent, trace: Trace, which: str = "") -> Record:
    """What happens to a contact once, whatever tells of it: no moment in the event id."""
    portal, contact, at = event.portal_id, str(_contact_id(event.object_id, "objectId")), moment(event.occurred_at)
    fact = ContactFact(portal, contact, at, event.change_source, event.source_id)
    event_id = f"{template.topic}:{portal}:{contact}{which}"
    return template.record(fact, b"%d" % portal, event_id.encode(), at.encode(), trace)


def _each_time(template: Template, event: HubSpotEvent, trace: Trace) -> Record:
    """What may happen to a contact again, at another moment."""
    return _once(template, event, trace, f":{event.occurred_at}")


def _updated(event: HubSpotEvent, trace: Trace) -> Understood:
    name = event.property_name
    if name is None:
        raise _BrokenEventError("propertyName is missing")
    if name not in _PHONE_PROPERTIES:
        return Ignored(event.subscription_type)
    portal, contact, at = event.portal_id, _contact_id(event.object_id, "objectId"), moment(event.occurred_at)
    fact = ContactUpdatedFact(portal, str(contact), at, event.change_source, event.source_id, property=name)
    event_id = f"{_UPDATED.topic}:{portal}:{contact}:{name}:{event.occurred_at}"
    return _UPDATED.record(fact, b"%d" % portal, event_id.encode(), at.encode(), trace)


def _merged(event: HubSpotEvent, trace: Trace) -> Record:
    primary = event.primary_object_id if event.primary_object_id is not None else event.object_id
    survivor = _contact_id(event.new_object_id or primary, "primaryObjectId")
    given = [*(event.merged_object_ids or ()), *(() if primary is None else (primary,))]
    merged = list(dict.fromkeys(_contact_id(one, "mergedObjectIds") for one in given))
    others = [one for one in merged if one != survivor]
    if len(others) not in _MERGED:
        raise _BrokenEventError("mergedObjectIds: none, or too many")
    portal, at = event.portal_id, moment(event.occurred_at)
    fact = ContactMergedFact(
        portal,
        str(survivor),
        at,
        event.change_source,
        event.source_id,
        merged_ids=[str(one) for one in others],
    )
    # Two merges into one contact may fall into one millisecond; HubSpot's id tells them apart.
    event_id = f"{_MERGED_INTO.topic}:{portal}:{survivor}:{event.occurred_at}:{event.event_id}"
    return _MERGED_INTO.record(fact, b"%d" % portal, event_id.encode(), at.encode(), trace)


def _uninstalled(event: HubSpotEvent, trace: Trace) -> Record:
    portal, at = event.portal_id, moment(event.occurred_at)
    fact = AppUninstalledFact(portal, event.app_id, at)
    event_id = f"{_UNINSTALLED.topic}:{portal}:{event.event_id}:{event.occurred_at}"
    return _UNINSTALLED.record(fact, b"%d" % portal, event_id.encode(), at.encode(), trace)


def _contact_id(number: int | None, member: str) -> int:
    if number is None:
        raise _BrokenEventError(f"{member} is missing")
    if not 0 <= number < _CONTACT_IDS:
        raise _BrokenEventError(f"{member} is out of range")
    return number


_ABOUT_CONTACTS: Final[dict[str, _Meaning]] = {
    "creation": partial(_once, _CREATED),
    "propertyChange": _updated,
    "deletion": partial(_each_time, Template(topics.CONTACT_DELETED)),
    "merge": _merged,
    "restore": partial(_each_time, Template(topics.CONTACT_RESTORED)),
}
_MEANINGS: Final[dict[str, _Meaning]] = {
    **{f"contact.{kind}": meaning for kind, meaning in _ABOUT_CONTACTS.items()},
    **{f"object.{kind}": meaning for kind, meaning in _ABOUT_CONTACTS.items()},
    "contact.privacyDeletion": partial(_each_time, Template(topics.CONTACT_ERASED)),
    "app.uninstalled": _uninstalled,
}
"""By subscription type; every other type is nobody's business here."""
