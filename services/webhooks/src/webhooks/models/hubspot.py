"""HubSpot's webhook events (hubspot-contract.md, section 3.2): the members that we read, all others are ignored."""

from typing import Annotated, Final

from msgspec import Meta, Struct

MAX_EVENTS: Final = 100
"""The most events HubSpot puts in one delivery."""

CONTACT_OBJECT_TYPE: Final = "0-1"
"""What `objectTypeId` says of a contact."""

_KINDS: Final = ("creation", "deletion", "merge", "propertyChange", "restore", "associationChange")
KNOWN_TYPES: Final = frozenset(
    {f"{name}.{kind}" for name in ("company", "contact", "deal", "ticket", "line_item", "object") for kind in _KINDS}
    | {f"product.{kind}" for kind in _KINDS[:-1]}
    | {f"conversation.{kind}" for kind in ("creation", "deletion", "newMessage", "privacyDeletion", "propertyChange")}
    | {"contact.privacyDeletion", "event.completed", "app.uninstalled"}
)
"""Every type there is, so that a count by type has a bounded set of labels."""

_EventId = int | Annotated[str, Meta(max_length=100)]


class HubSpotEvent(Struct, frozen=True, gc=False, rename="camel"):
    """One event of a delivery.

    Attributes:
        event_id: not unique by itself.
        portal_id: the account.
        occurred_at: milliseconds since the epoch.
        subscription_type: what happened, `contact.creation` or, with an object type, `object.creation`.
        app_id: which app it is told to.
        object_id: the record; a merge may name it in the members of its own.
        object_type_id: what kind of record, in the `object.` form.
        property_name: which property changed.
        change_source: what did it.
        source_id: which one of those.
        primary_object_id: the record that was merged into.
        merged_object_ids: the records that were merged.
        new_object_id: the record that a merge made, where it made one.
    """

    event_id: _EventId
    portal_id: Annotated[int, Meta(gt=0)]
    occurred_at: int
    subscription_type: Annotated[str, Meta(min_length=1, max_length=100)]
    app_id: int | None = None
    object_id: int | None = None
    object_type_id: str | None = None
    property_name: str | None = None
    change_source: Annotated[str, Meta(max_length=100)] | None = None
    source_id: Annotated[str, Meta(max_length=200)] | None = None
    primary_object_id: int | None = None
    merged_object_ids: list[int] | None = None
    new_object_id: int | None = None
