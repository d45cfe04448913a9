"""Deliveries as HubSpot and Chert make them, signed anew for each attempt; written from their contracts alone.

What a delivery says is known as facts: the topic in which each of its events has to stand, and what tells that event
from every other. A fact says nothing of ids, so that a topic can be asked which ids it was given.
"""

import base64
import hashlib
import hmac
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final, Literal, TypeAlias

from harness.system import System

Headers: TypeAlias = list[tuple[bytes, bytes]]
Fact: TypeAlias = tuple[str, str]
"""A topic, and the event in it."""

UNINSTALL: Final = "/api/hubspot/uninstall"
CONTACTS: Final = "/api/hubspot/webhook"
CHERT: Final = "/api/chert/webhook"

POISON: Final = re.compile(r"poison-[0-9]+")
"""How an event that breaks its contract is known among what was rejected."""
POISONED: Final = 0.01
"""How many of all events are such."""

LARGEST_BATCH: Final = 100
"""The most events in one delivery of HubSpot (hubspot-contract.md, section 3.2)."""

_SUBSCRIPTIONS: Final = {
    "contact.creation": "contact.created",
    "contact.propertyChange": "contact.updated",
    "contact.deletion": "contact.deleted",
    "contact.merge": "contact.merged",
    "contact.restore": "contact.restored",
    "contact.privacyDeletion": "contact.erased",
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery, not signed yet.

    Attributes:
        sender: whose it is, which decides how it is signed and how often it is tried.
        target: path and query.
        events: HubSpot's array, or Chert's one envelope.
        facts: what has to be in Kafka once it is acknowledged.
    """

    sender: Literal["hubspot", "chert"]
    target: str
    events: tuple[dict[str, object], ...]
    facts: tuple[Fact, ...]

    def body(self, attempt: int = 0) -> bytes:
        """What is sent the first, second, … time; HubSpot says in each event which attempt it is."""
        if self.sender == "chert":
            return json.dumps(self.events[0], ensure_ascii=False).encode()
        return json.dumps([{**event, "attemptNumber": attempt} for event in self.events]).encode()

    def shuffled(self, random: Random) -> "Delivery":
        """The same events in another order."""
        return replace(self, events=tuple(random.sample(self.events, len(self.events))))

    def halves(self) -> Sequence["Delivery"]:
        """The same events in two deliveries; what each of them has to tell is known of the whole."""
        middle = len(self.events) // 2
        return replace(self, events=self.events[:middle]), replace(self, events=self.events[middle:])


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs as both senders do.

    Attributes:
        base_url: what HubSpot calls, as far as the path.
        hubspot_secret: the app's client secret.
        chert_secret: the secret of the platform's subscription.
    """

    base_url: str
    hubspot_secret: bytes
    chert_secret: bytes

    @classmethod
    def of(cls, system: System) -> "Signer":
        """With the secrets of a running system."""
        secrets = system.credentials
        return cls(
            system.addresses.gateway_url, secrets.hubspot_client_secret.encode(), secrets.chert_webhook_secret.encode()
        )

    def sign(self, delivery: Delivery, body: bytes, now: float) -> Headers:
        """The signature's headers at a moment, in Unix seconds."""
        if delivery.sender == "hubspot":
            return self.hubspot("POST", delivery.target, body, str(int(now * 1000)))
        return self.chert(body, str(int(now)), older=len(body) % 2 == 0)

    def hubspot(self, method: str, target: str, body: bytes, timestamp: str) -> Headers:
        """Version 3 (hubspot-contract.md, section 2); nothing here has a code that the rule decodes."""
        signed = b"".join((method.encode(), self.base_url.encode(), target.encode(), body, timestamp.encode()))
        digest = hmac.digest(self.hubspot_secret, signed, "sha256")
        return [
            (b"X-HubSpot-Signature-v3", base64.b64encode(digest)),
            (b"X-HubSpot-Request-Timestamp", timestamp.encode()),
        ]

    def hubspot_v2(self, method: str, target: str, body: bytes) -> Headers:
        """The older version, which has no timestamp."""
        signed = b"".join((self.hubspot_secret, method.encode(), self.base_url.encode(), target.encode(), body))
        return [
            (b"X-HubSpot-Signature", hashlib.sha256(signed).hexdigest().encode()),
            (b"X-HubSpot-Signature-Version", b"v2"),
        ]

    def chert(self, body: bytes, timestamp: str, *, older: bool) -> Headers:
        """Today's header, or the older one (chert-contract.md, section 4.3)."""
        digest = hmac.digest(self.chert_secret, timestamp.encode() + b"." + body, "sha256").hex()
        if older:
            return [(b"x-chert-signature", f"v1,{timestamp},{digest}".encode())]
        return [(b"X-Webhook-Signature", f"t={timestamp},v1={digest}".encode())]


def request(delivery: Delivery, headers: Headers, body: bytes) -> bytes:
    """The bytes of a POST."""
    return raw_request(b"POST", delivery.target.encode(), [*headers, (b"Content-Type", b"application/json")], body)


def raw_request(method: bytes, target: bytes, headers: Headers, body: bytes) -> bytes:
    """The bytes of any request; `Host` and the length are added."""
    lines = [b"%b %b HTTP/1.1" % (method, target), b"Host: localhost", b"Content-Length: %d" % len(body)]
    lines += [b"%b: %b" % header for header in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class Makers:
    """Makes deliveries that nobody made before: each event has an account, a contact or a message of its own."""

    def __init__(self, random: Random, *, first_account: int = 1_000_000) -> None:
        self._random = random
        self._numbers: Iterator[int] = itertools.count(1)
        self._first_account = first_account

    def any(self) -> Delivery:
        """One of either sender; of HubSpot's most are small and some are full."""
        if self._random.random() < 0.5:
            return self.chert()
        size = self._random.choice((1, 1, 2, 5, 20, LARGEST_BATCH))
        return self.uninstalls(size) if self._random.random() < 0.3 else self.contacts(size)

    def chert(self) -> Delivery:
        """A lead's message."""
        number = next(self._numbers)
        if self._random.random() < POISONED:
            return self._poisoned_envelope(number)
        chat, message = f"chat-{number % 200}", f"message-{number}-{self._random.getrandbits(32):08x}"
        envelope: dict[str, object] = {
            "event": "message.received",
            "event_id": f"chert:msg:{message}",
            "timestamp": "2026-11-22T12:00:00.000Z",
            "partner_id": f"tenant-{number % 50}",
            "data": {
                "chat": {"id": chat, "is_group": False, "owner_handle": {"handle": "+14155550000"}},
                "message": {
                    "id": message,
                    "direction": "inbound",
                    "sender_handle": {"handle": "+14155550001"},
                    "parts": [{"type": "text", "value": f"Grüße {number}"}],
                },
            },
        }
        return Delivery("chert", CHERT, (envelope,), (("message.received", message),))

    def _poisoned_envelope(self, number: int) -> Delivery:
        """A message without the conversation that it belongs to."""
        envelope: dict[str, object] = {
            "event": "message.received",
            "event_id": f"poison-{number}",
            "timestamp": "2026-11-22T12:00:00.000Z",
            "partner_id": f"tenant-{number % 50}",
            "data": {"message": {}},
        }
        return Delivery("chert", CHERT, (envelope,), (("delivery.rejected", f"poison-{number}"),))

    def uninstalls(self, size: int) -> Delivery:
        """The pushed uninstall, one account each."""
        events = [self._event("app.uninstalled", self._account()) for _ in range(size)]
        facts = tuple(("app.uninstalled", str(event["portalId"])) for event in events)
        return Delivery("hubspot", UNINSTALL, tuple(events), facts)

    def contacts(self, size: int) -> Delivery:
        """Changes of contacts, of every sort and of several accounts."""
        made = [self._contact(self._random.choice(tuple(_SUBSCRIPTIONS))) for _ in range(size)]
        return Delivery("hubspot", CONTACTS, tuple(event for event, _ in made), tuple(fact for _, fact in made))

    def _contact(self, subscription: str) -> tuple[dict[str, object], Fact]:
        event, contact = self._event(subscription, self._first_account), next(self._numbers)
        if self._random.random() < POISONED:
            poison = f"poison-{contact}"
            return {**event, "eventId": poison, "occurredAt": "yesterday"}, ("delivery.rejected", poison)
        event |= {"objectId": contact, **self._particulars(subscription, contact)}
        if self._random.random() < 0.5 and subscription != "contact.privacyDeletion":
            event |= {"subscriptionType": subscription.replace("contact.", "object."), "objectTypeId": "0-1"}
        return event, (_SUBSCRIPTIONS[subscription], f"{self._first_account}:{contact}")

    def _particulars(self, subscription: str, contact: int) -> Mapping[str, object]:
        if subscription == "contact.propertyChange":
            name = self._random.choice(("phone", "mobilephone"))
            return {"propertyName": name, "propertyValue": "+14155550002", "changeSource": "CRM_UI"}
        if subscription == "contact.merge":
            return {"primaryObjectId": contact, "mergedObjectIds": [next(self._numbers)], "newObjectId": contact}
        return {"changeFlag": "NEW"}

    def _event(self, subscription: str, account: int) -> dict[str, object]:
        # Event ids of HubSpot are not unique, so neither are these.
        return {
            "eventId": self._random.randrange(1_000),
            "subscriptionId": 12_345,
            "portalId": account,
            "appId": 54_321,
            "occurredAt": 1_795_348_800_000 + next(self._numbers),
            "subscriptionType": subscription,
        }

    def _account(self) -> int:
        return self._first_account + next(self._numbers)
