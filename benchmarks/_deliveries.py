"""HubSpot's deliveries as bytes on the wire: signed like HubSpot's, each event about a contact of its own."""

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass
from typing import Final

PATH: Final = "/api/hubspot/webhook"
ACCOUNTS: Final = 1000
FIRST_ACCOUNT: Final = 60_000

# 364 bytes alone and 36 KB a hundred, as HubSpot's are.
_EVENT: Final = (
    b'{"eventId":%d,"subscriptionId":2345678,"portalId":%d,"appId":1234567,"occurredAt":%d,'
    b'"subscriptionType":"object.creation","attemptNumber":0,"objectId":%d,"objectTypeId":"0-1","changeFlag":"NEW",'
    b'"changeSource":"CRM_UI","sourceId":"userId:70123456","messageId":"6f1c2b3a-7d8e-4f90-a1b2-c3d4e5f60718",'
    b'"messageType":"WEBHOOK","someMemberThatWeDoNotRead":true}'
)
_HEAD: Final = (
    b"POST %b HTTP/1.1\r\nHost: localhost\r\nUser-Agent: HubSpot Connect 2.0\r\nAccept: */*\r\n"
    b"Content-Type: application/json;charset=utf-8\r\nX-HubSpot-Signature-Version: v1\r\n"
    b"X-HubSpot-Request-Timestamp: %d\r\nX-HubSpot-Signature-v3: %b\r\nContent-Length: %d\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Makes deliveries that a service with this secret and this public address takes."""

    secret: bytes
    public_url: bytes

    def make(self, first: int, count: int, events: int) -> list[bytes]:
        """So many requests of so many events; the contacts' ids count up from `first`."""
        now = int(time.time() * 1000)
        return [self._request(first + number * events, events, now) for number in range(count)]

    def _request(self, first: int, events: int, now: int) -> bytes:
        account = FIRST_ACCOUNT + first // events % ACCOUNTS
        body = b"[%b]" % b",".join(_EVENT % (one, account, now, one) for one in range(first, first + events))
        text = b"POST%b%b%b%d" % (self.public_url, PATH.encode(), body, now)
        signature = base64.b64encode(hmac.digest(self.secret, text, hashlib.sha256))
        return _HEAD % (PATH.encode(), now, signature, len(body)) + body
